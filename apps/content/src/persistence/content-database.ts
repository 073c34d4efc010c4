import {
  type ConfiguredUrls,
  type DatabaseSettings,
  LOOK_UP_PLANS,
  tierDatabaseSettings,
} from '@penguinmails/database';

/** Settings of the tier's database from its parsed configuration. All work of a tenant looks rows up by keys. */
export function contentDatabaseSettings(urls: ConfiguredUrls): DatabaseSettings {
  return tierDatabaseSettings('content', urls, { sessions: { app: LOOK_UP_PLANS } });
}
