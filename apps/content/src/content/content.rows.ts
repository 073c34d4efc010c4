import type { Algorithm } from './compression.js';
import type { MessageHeaders } from './content-hash.js';
import type { ContentState } from './content-state.js';

/** A content as it is written. Exactly one of text/html, encoding and blobHash holds the body. */
export interface NewContentRow {
  readonly storageKey: string;
  readonly text: string | null;
  readonly html: string | null;
  readonly encoding: Buffer | null;
  readonly blobHash: string | null;
  readonly headers: MessageHeaders;
  readonly rawSizeBytes: number;
  readonly contentHash: string;
  readonly algorithm: Algorithm;
  readonly storedSizeBytes: number;
}

/** A content as it is read, with the bytes of its blob when that is where the body lives. */
export interface ContentRow {
  readonly storageKey: string;
  readonly state: ContentState;
  readonly text: string | null;
  readonly html: string | null;
  readonly headers: MessageHeaders;
  readonly rawSizeBytes: number;
  readonly contentHash: string;
  /** How `packed` is compressed. */
  readonly algorithm: Algorithm;
  /** null: the body is inline. */
  readonly packed: Buffer | null;
}

/** A file of a content without its bytes. */
export interface AttachmentRow {
  readonly id: string;
  readonly storageKey: string;
  readonly filename: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly disposition: 'attachment' | 'inline';
  readonly contentId: string | null;
  readonly contentHash: string;
}

/** A file with its bytes as stored. */
export interface AttachmentBytesRow extends AttachmentRow {
  readonly algorithm: Algorithm;
  readonly packed: Buffer;
}
