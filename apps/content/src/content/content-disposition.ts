/**
 * Content-Disposition of a download (RFC 6266): always `attachment`, because a browser must not render
 * stored bytes in our origin; an ASCII name for old readers and the exact one per RFC 8187.
 */
export function downloadDisposition(filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encodeExtValue(filename)}`;
}

/** attr-char of RFC 8187: what encodeURIComponent leaves, minus four. */
function encodeExtValue(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
