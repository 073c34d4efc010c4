import { Api, type Answer, type CallOptions } from './api.js';

/** Every answer that was given to any of these. */
export const recorded: string[] = [];

/** An API client that keeps what it was answered, headers included. */
export class RecordingApi extends Api {
  override async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<Answer<T>> {
    const answer = await super.call<T>(method, path, options);
    recorded.push(JSON.stringify([...answer.headers]), answer.bytes.toString('latin1'));
    return answer;
  }
}
