// float32 numbers as base64 of their little-endian bytes, and back; in Node and in browsers alike.

/** String.fromCharCode takes its bytes as arguments, of which engines allow about 65 000. */
const SLICE = 0x8000;

export function bytesToBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += SLICE) {
    binary += String.fromCharCode(...bytes.subarray(at, at + SLICE));
  }
  return btoa(binary);
}

/** Null for what is no base64. */
export function base64ToBytes(text: string): Uint8Array<ArrayBuffer> | null {
  // atob passes over white space and missing padding, which nothing of ours writes.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export function toBase64(values: Float32Array): string {
  return bytesToBase64(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** Null for what is no base64, or no whole number of float32 values. */
export function fromBase64(text: string): Float32Array<ArrayBuffer> | null {
  const bytes = base64ToBytes(text);
  return bytes && bytes.length % 4 === 0 ? new Float32Array(bytes.buffer) : null;
}
