import { parseArgs } from 'node:util';

/** What the person asked for. */
export interface ChaosOptions {
  rounds: number;
  seed: number;
  emails: number;
  inFlight: number;
  /** Names of faults. */
  only: readonly string[] | undefined;
  replicas: string;
  portBase: string | undefined;
  /** Of a stack that runs already; else one is started. */
  dataDirectory: string | undefined;
  drain: boolean;
  scenario: string | undefined;
}

const THREE_OF_EACH = 'gateway=2,oltp=3,content=3,olap=3,queue=3,notifications=3,worker=2';

const OPTIONS = {
  rounds: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  emails: { type: 'string', default: '1300' },
  'in-flight': { type: 'string', default: '1000' },
  only: { type: 'string' },
  replicas: { type: 'string', default: THREE_OF_EACH },
  'port-base': { type: 'string' },
  'data-dir': { type: 'string' },
  drain: { type: 'boolean', default: false },
  scenario: { type: 'string' },
} as const;

/** @throws Error that names the option which is unknown or no number */
export function parseChaosOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  return {
    rounds: count('rounds', values.rounds),
    seed: count('seed', values.seed),
    emails: count('emails', values.emails),
    inFlight: count('in-flight', values['in-flight']),
    only: values.only?.split(','),
    replicas: values.replicas,
    portBase: values['port-base'],
    dataDirectory: values['data-dir'],
    drain: values.drain,
    scenario: values.scenario,
  };
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} is a number from 1 on, not "${text}"`);
}
