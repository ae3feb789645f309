// The drawing in the drop panel: ridges in the mist and a waymark cairn whose top stone is ours.

/** From the ground up. */
const STONES = [
  {
    d: 'M940 364.9C940 339.6 982.1 324 1033.6 324S1148 339 1148 361.4C1148 387.5 1118.4 394 1049.2 394S940 388.2 940 364.9z',
    tone: 'stone-deep',
  },
  {
    d: 'M968 298.1C968 277.9 1011.8 265.5 1065.4 265.5S1136 280.3 1136 302.4C1136 321.5 1105.2 327.5 1045.3 327.5S968 320.4 968 298.1z',
    tone: 'stone-mid',
  },
  {
    d: 'M972 247.4C972 227.3 995.6 215 1024.5 215S1100 226.2 1100 243.1C1100 262.8 1080.2 269 1041.8 269S972 263.8 972 247.4z',
    tone: 'stone-deep',
  },
  {
    d: 'M997 196.9C997 181.8 1021.7 172.5 1051.9 172.5S1095 183.4 1095 199.6C1095 213.6 1076.3 218.5 1043.1 218.5S997 212.9 997 196.9z',
    tone: 'stone-light',
  },
  {
    d: 'M1011 155.2C1011 137.1 1023.6 126 1038.9 126S1073 136.7 1073 152.8C1073 169.3 1061.5 176 1043.5 176S1011 170 1011 155.2z',
    tone: 'stone-top',
  },
] as const;

/** Decorative. Its subject stands at the right, so that it may be cropped from the left. */
export function Scene() {
  return (
    <svg
      class="scene"
      viewBox="0 0 1200 420"
      preserveAspectRatio="xMaxYMax slice"
      aria-hidden="true"
    >
      <linearGradient id="stone-shade" x1="0" y1="0" x2="0.12" y2="1">
        <stop class="shade-none" offset="0.45" />
        <stop class="shade-full" offset="1" />
      </linearGradient>
      <circle class="scene__sun" cx="872" cy="150" r="54" />
      <path
        class="scene__far"
        d="M0 300c70-26 118-62 190-70 60-6 96 30 160 20 78-12 118-92 206-104 74-10 118 52 186 58 66 6 98-44 168-52 84-10 136 46 190 54 46 6 72-14 100-26v240H0z"
      />
      <path
        class="scene__mid"
        d="M0 352c96-8 150-52 244-54 92-2 136 42 224 36 100-8 150-78 262-82 96-4 150 46 236 50 88 4 150-38 234-34v152H0z"
      />
      <g class="scene__waymark" transform="translate(62 13)">
        <path d="M740 247C740 242.7 747.3 240 756.2 240S776 242.6 776 246.4C776 250.7 770.2 252 758.9 252S740 250.8 740 247z" />
        <path d="M746.5 235.9C746.5 232.6 752.7 230.6 760.2 230.6S771.5 232.9 771.5 236.4C771.5 239.6 767 240.6 758.4 240.6S746.5 239.5 746.5 235.9z" />
        <path d="M750 226.8C750 223.3 753 221.2 756.8 221.2S765 223.4 765 226.8C765 229.9 762.2 231.2 757.9 231.2S750 229.9 750 226.8z" />
      </g>
      <path
        class="scene__near"
        d="M0 404c160-10 250-40 400-38 170 2 260 22 400 4 130-16 240-40 400-22v72H0z"
      />
      <path
        class="scene__line"
        d="M0 420c170-22 262-36 404-34 168 2 262 20 398 4 132-16 236-38 398-20M120 420c130-14 200-16 290-14 160 4 260 18 392 2 134-16 232-34 398-16"
      />
      <ellipse class="scene__shadow" cx="1036" cy="392" rx="128" ry="9" />
      {STONES.map(({ d, tone }) => (
        <g key={d}>
          <path class={tone} d={d} />
          <path fill="url(#stone-shade)" d={d} />
        </g>
      ))}
    </svg>
  );
}
