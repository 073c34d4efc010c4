/** Long base64 in lines of 76 columns (RFC 2045 section 6.8), each with its end. */
export function base64Lines(base64: string): string {
  const lines = base64.replace(/.{76}/g, '$&\r\n');
  return lines.endsWith('\r\n') || lines === '' ? lines : `${lines}\r\n`;
}

/** Text with canonical line ends as base64 lines. */
export function base64Text(text: string): string {
  const canonical = text.replace(/\r\n|\r|\n/g, '\r\n');
  return base64Lines(Buffer.from(canonical, 'utf8').toString('base64'));
}
