// Names of files that come from elsewhere: each stays in its folder and is a file, on every system.

/** Devices of Windows, whatever ending follows; and it takes dots and blanks off the end of a name. */
const WINDOWS = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)|[. ]$/i;

/** True unless some system takes the name for something else than a file or folder of this name. */
export function isPortableName(name: string): boolean {
  return !WINDOWS.test(name);
}

/** True for 1 to 120 letters, digits, `.`, `_` and `-` that begin with a letter, a digit or `_`. */
export function isPlainFileName(name: unknown): name is string {
  return typeof name === 'string' && /^\w[\w.-]{0,119}$/.test(name) && isPortableName(name);
}
