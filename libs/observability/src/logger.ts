import { context, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { redact, scrubLine } from './redaction.js';
import { readLogLevel } from './telemetry.config.js';

/** The platform's logger: `logger.info({ email_id }, 'words')`. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  /** Default: LOG_LEVEL, else info. */
  readonly level?: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/**
 * JSON lines with `service`, `trace_id`, `span_id`; secret and personal keys are masked at any depth
 * and addresses, API keys and tokens anywhere in the line.
 */
export function createLogger(service: string, options: LoggerOptions = {}): Logger {
  const settings = {
    level: options.level ?? readLogLevel(),
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceIds,
    // The `err` serializer of pino would print every property of an error.
    serializers: { err: (error: unknown) => error },
    formatters: { level: (label: string) => ({ level: label }), log: redact },
    hooks: { streamWrite: scrubLine },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

function traceIds(): Record<string, string> {
  const span = trace.getSpanContext(context.active());
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
