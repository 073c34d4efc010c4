function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the tests with npm test or npm run jest`);
  return value;
}

/** Superuser URL of the cluster that tests make their databases on. */
export function testPostgresAdminUrl(): string {
  return required('TEST_POSTGRES_ADMIN_URL');
}

/** Bootstrap addresses of the Kafka that tests use. */
export function testKafkaBrokers(): string[] {
  return required('TEST_KAFKA_BROKERS').split(',');
}
