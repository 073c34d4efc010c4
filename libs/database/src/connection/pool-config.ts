import pg from 'pg';
import type { LoginSettings } from '../settings.js';

const DATE_OID = 1082;

// node-postgres makes a Date at local midnight of a `date`: another day in another time zone.
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === DATE_OID) return (value: string) => value;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

/** What both pools share; TCP keep-alive finds peers that vanished without a word. */
export function poolConfig(settings: LoginSettings, applicationName: string): pg.PoolConfig {
  return {
    max: settings.max,
    idleTimeoutMillis: settings.idleTimeoutMillis,
    connectionTimeoutMillis: settings.connectionTimeoutMillis,
    application_name: applicationName,
    keepAlive: true,
    types,
  };
}
