// The few line icons of the page, drawn on a 24-pixel grid. All decorative: labels stand beside them.
import type { ComponentChildren } from 'preact';
import type { Theme } from './settings.ts';

function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      {children}
    </svg>
  );
}

export function ThemeIcon({ theme }: { readonly theme: Theme }) {
  if (theme === 'light') {
    return (
      <Icon>
        <circle cx="12" cy="12" r="4.2" />
        <path d="M12 2.5v2.6M12 18.9v2.6M2.5 12h2.6M18.9 12h2.6M5.3 5.3l1.8 1.8M16.9 16.9l1.8 1.8M5.3 18.7l1.8-1.8M16.9 7.1l1.8-1.8" />
      </Icon>
    );
  }
  if (theme === 'dark') {
    return (
      <Icon>
        <path d="M20 14.2A8.3 8.3 0 0 1 9.8 4a8.3 8.3 0 1 0 10.2 10.2z" />
      </Icon>
    );
  }
  return (
    <Icon>
      <circle cx="12" cy="12" r="8.3" />
      <path class="icon__solid" d="M12 3.7a8.3 8.3 0 0 1 0 16.6z" />
    </Icon>
  );
}

export function CameraIcon() {
  return (
    <Icon>
      <path d="M4 8h3.4l1.7-2.6h5.8L16.6 8H20a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1z" />
      <circle cx="12" cy="13.2" r="3.4" />
    </Icon>
  );
}

export function PhotoIcon() {
  return (
    <Icon>
      <rect x="3" y="4.5" width="18" height="15" rx="2" />
      <path d="M3.4 17l5.2-5.4 4 4 2.8-2.6 5.2 4.6" />
      <circle cx="15.8" cy="9" r="1.5" />
    </Icon>
  );
}

export function CloseIcon() {
  return (
    <Icon>
      <path d="M6 6l12 12M18 6L6 18" />
    </Icon>
  );
}

export function CopyIcon() {
  return (
    <Icon>
      <rect x="8.5" y="8.5" width="11" height="11" rx="2" />
      <path d="M15.5 8.5v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2" />
    </Icon>
  );
}

export function SearchIcon() {
  return (
    <Icon>
      <circle cx="10.5" cy="10.5" r="6" />
      <path d="M15 15l5.2 5.2" />
    </Icon>
  );
}

export function ChevronIcon() {
  return (
    <Icon>
      <path d="M6.5 9.5l5.5 5.5 5.5-5.5" />
    </Icon>
  );
}

export function ShareIcon() {
  return (
    <Icon>
      <path d="M12 14V3.5M8 7l4-4 4 4M7 10.5H5.5v10h13v-10H17" />
    </Icon>
  );
}

export function SaveIcon() {
  return (
    <Icon>
      <path d="M12 3.5V14M8 10.5l4 4 4-4M4.5 16v3.5h15V16" />
    </Icon>
  );
}

export function BinIcon() {
  return (
    <Icon>
      <path d="M4.5 6.5h15M9.5 6.5v-2h5v2M6.5 6.5l1 13h9l1-13M10.3 10v6M13.7 10v6" />
    </Icon>
  );
}
