import {
  type ConfiguredUrls,
  type DatabaseSettings,
  LOOK_UP_PLANS,
  tierDatabaseSettings,
} from '@penguinmails/database';

/** Settings of the tier's database from its parsed configuration. */
export function oltpDatabaseSettings(
  urls: ConfiguredUrls,
  more: Pick<DatabaseSettings, 'entities' | 'onProblem'>,
): DatabaseSettings {
  const sessions = { app: LOOK_UP_PLANS, system: LOOK_UP_PLANS };
  return tierDatabaseSettings('oltp', urls, { ...more, sessions });
}
