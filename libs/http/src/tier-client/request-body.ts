import { Readable, Transform } from 'node:stream';

/** A request body ready to be sent, once or again. */
export interface PreparedBody {
  readonly contentType: string | undefined;
  /** Bytes; undefined for a stream of unknown length. */
  readonly length: number | undefined;
  /** False for a stream: it can be read once. */
  readonly repeatable: boolean;
  /** @param onProgress called for every chunk the connection took */
  open(onProgress: () => void): string | Buffer | Readable | undefined;
}

const UPLOAD_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const NO_BODY: PreparedBody = {
  contentType: undefined,
  length: 0,
  repeatable: true,
  open: () => undefined,
};

/** @param body a Buffer, a stream, undefined, or anything else as JSON */
export function prepareBody(body: unknown, contentType: string | undefined): PreparedBody {
  if (body === undefined) return NO_BODY;
  if (body instanceof Readable) return ofStream(body, contentType ?? 'application/octet-stream');
  if (Buffer.isBuffer(body)) return ofBuffer(body, contentType ?? 'application/octet-stream');
  return ofBuffer(Buffer.from(JSON.stringify(body)), contentType ?? 'application/json');
}

/** True for bodies that get the upload deadline: over 1 MiB, or of unknown length. */
export function isUpload({ length }: PreparedBody): boolean {
  return length === undefined || length > UPLOAD_BYTES;
}

function ofBuffer(bytes: Buffer, contentType: string): PreparedBody {
  const { length } = bytes;
  const open: PreparedBody['open'] = (onProgress) =>
    length > UPLOAD_BYTES ? Readable.from(chunksOf(bytes, onProgress)) : bytes;
  return { contentType, length, repeatable: true, open };
}

function* chunksOf(bytes: Buffer, onProgress: () => void): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    onProgress();
    yield bytes.subarray(at, at + CHUNK_BYTES);
  }
}

function ofStream(stream: Readable, contentType: string): PreparedBody {
  const open: PreparedBody['open'] = (onProgress) =>
    stream.compose(
      new Transform({
        transform(chunk, _encoding, done) {
          onProgress();
          done(null, chunk);
        },
      }),
    );
  return { contentType, length: undefined, repeatable: false, open };
}
