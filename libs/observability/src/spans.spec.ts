import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { extractTrace, linkTo } from './spans.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const none = { spanProcessors: [], metricReaders: [], logRecordProcessors: [] };
const sdk = new NodeSDK({ ...none, autoDetectResources: false });

beforeAll(() => sdk.start());
afterAll(() => sdk.shutdown());

describe('the trace of headers', () => {
  it.each([
    ['sampled', { traceparent: `00-${TRACE}-${SPAN}-01` }],
    ['not sampled', { traceparent: `00-${TRACE}-${SPAN}-00` }],
    ['unknown flags', { traceparent: `00-${TRACE}-${SPAN}-ff` }],
    ['upper case', { traceparent: `00-${TRACE.toUpperCase()}-${SPAN}-01` }],
    ['no trace id', { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` }],
    ['no span id', { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` }],
    ['a later version', { traceparent: `01-${TRACE}-${SPAN}-01-more` }],
    ['a version that cannot be', { traceparent: `ff-${TRACE}-${SPAN}-01` }],
    ['more than there is to say', { traceparent: `00-${TRACE}-${SPAN}-01-more` }],
    ['cut short', { traceparent: `00-${TRACE}-${SPAN}` }],
    ['state', { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=b' }],
    ['bytes', { traceparent: Buffer.from(`00-${TRACE}-${SPAN}-01`) }],
    ['nothing', {}],
  ])('is what the propagator reads: %s', (_, headers) => {
    const read = { keys: Object.keys, get: (of: object, key: string) => valueOf(of, key) };
    const told = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers, read));
    expect(trace.getSpanContext(extractTrace(headers))).toEqual(told);
    expect(linkTo(headers)).toEqual(told && { context: told });
  });
});

function valueOf(headers: object, key: string): string | undefined {
  const value: unknown = Object.entries(headers).find(([name]) => name === key)?.[1];
  return value === undefined ? undefined : String(value);
}
