// What all pictures that commands draw have in common: their paper, their inks, their frame.

export const INK = {
  line: '#b4532a',
  text: '#2b2a27',
  soft: '#6b675e',
  grid: '#ddd8cc',
  paper: '#fbfaf7',
} as const;

/** An SVG file with a title for screen readers and a ground of its own. */
export function svgDocument(
  size: { readonly width: number; readonly height: number },
  title: string,
  body: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-family="system-ui, sans-serif" font-size="11">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" fill="${INK.paper}"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
