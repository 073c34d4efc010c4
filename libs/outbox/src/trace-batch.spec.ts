import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import { spans } from '@penguinmails/observability';
import { RecordedTelemetry } from '@penguinmails/testing/telemetry';
import { withBatchSpan } from './trace-batch.js';

const A = '0af7651916cd43dd8448eb211c80319c';
const B = '1af7651916cd43dd8448eb211c80319d';
const of = (trace: string, flags = '01') => ({
  traceparent: `00-${trace}-b7ad6b7169203331-${flags}`,
});

const telemetry = new RecordedTelemetry();

beforeAll(() => telemetry.start());
beforeEach(() => void telemetry.spans.splice(0));
afterAll(() => telemetry.stop());

/** Handles a batch with these headers. @returns trace and number of records of each span */
async function spansOf(headers: Record<string, string>[]): Promise<[string, unknown][]> {
  const attributes = { 'messaging.batch.message_count': headers.length };
  const options = { kind: SpanKind.CONSUMER, attributes, headers };
  await withBatchSpan(spans.consumerSlice, options, async () => undefined);
  return telemetry.spans.map((span) => {
    const { traceId } = span.spanContext();
    return [traceId, span.attributes['messaging.batch.message_count']];
  });
}

describe('the span of a batch', () => {
  it('belongs to the trace that all records are of', async () => {
    expect(await spansOf([of(A), of(A)])).toEqual([[A, 2]]);
  });

  it('stands alone where they are of several, with one in each that counts its own records', async () => {
    const [first, second, whole] = await spansOf([of(A), of(B), of(A), {}]);
    expect([first, second]).toEqual([
      [A, 2],
      [B, 1],
    ]);
    expect(whole).toEqual([expect.not.stringMatching(`${A}|${B}`), 4]);
  });

  it('has none in a trace that is not sampled', async () => {
    const traces = (await spansOf([of(A), of(B, '00')])).map(([trace]) => trace);
    expect(traces).toEqual([A, expect.not.stringMatching(B)]);
  });
});
