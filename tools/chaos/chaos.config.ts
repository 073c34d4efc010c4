import { parseArgs } from 'node:util';
import { type App, apps } from '../stack/ports.ts';

/** What the person asked for. */
export interface ChaosOptions {
  rounds: number;
  seed: number;
  emails: number;
  inFlight: number;
  /** Names of faults; default: all. */
  only: readonly string[] | undefined;
  /** Apps that get SIGTERM under load, one after the other, after the rounds. */
  drains: readonly App[];
  replicas: string;
  portBase: string | undefined;
  /** Of a stack that runs already; else one is started. */
  dataDirectory: string | undefined;
  scenario: string | undefined;
}

const THREE_OF_EACH = 'gateway=2,oltp=3,content=3,olap=3,queue=3,notifications=3,worker=2';

const DRAIN = /^(.+)-drain$/;

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
  const { faults, drains } = chosen(values.only?.split(','), values.drain);
  const rounds = count('rounds', values.rounds);
  return {
    rounds: values.drain || faults?.length === 0 ? 0 : rounds,
    seed: count('seed', values.seed),
    emails: count('emails', values.emails),
    inFlight: count('in-flight', values['in-flight']),
    only: faults,
    drains,
    replicas: values.replicas,
    portBase: values['port-base'],
    dataDirectory: values['data-dir'],
    scenario: values.scenario,
  };
}

/** `--only` names faults and, as `<app>-drain`, apps; without it there are all faults, or all drains. */
function chosen(names: readonly string[] | undefined, drain: boolean) {
  if (names === undefined) return { faults: undefined, drains: drain ? apps : [] };
  if (drain) throw new Error('--drain is about all apps; about some: --only oltp-drain');
  const drains = names.flatMap((name) => DRAIN.exec(name)?.[1] ?? []).map(appOf);
  return { faults: names.filter((name) => !DRAIN.test(name)), drains };
}

function appOf(name: string): App {
  const app = apps.find((known) => known === name);
  if (app) return app;
  throw new Error(`--only: there is no app "${name}" to drain; apps: ${apps.join(', ')}`);
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} is a number from 1 on, not "${text}"`);
}
