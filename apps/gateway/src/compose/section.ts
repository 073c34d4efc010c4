import { Problem } from '@penguinmails/http/problem';

/** Why a part of a composed view is missing. */
export interface SectionError {
  readonly code: string;
  readonly detail: string;
  /** The tier that is down; null when it answered. */
  readonly tier: string | null;
  readonly retryable: boolean;
}

/** A part of a composed view that the view can do without. */
export type Section<T> =
  | { readonly status: 'ok'; readonly as_of: string; readonly data: T; readonly error: null }
  | {
      readonly status: 'unavailable';
      readonly as_of: null;
      readonly data: null;
      readonly error: SectionError;
    };

/** Reads an optional part: a problem becomes the section's, anything else is a mistake of ours. */
export async function readSection<T>(read: () => Promise<T>): Promise<Section<T>> {
  try {
    const data = await read();
    return { status: 'ok', as_of: new Date().toISOString(), data, error: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { status: 'unavailable', as_of: null, data: null, error: errorOf(error) };
  }
}

function errorOf({ code, detail, title, tier, retryable }: Problem): SectionError {
  return { code, detail: detail ?? title, tier: tier ?? null, retryable };
}
