// Jest's globalTeardown: stops what globalSetup started.
export default async function teardown() {
  await globalThis.penguinmailsTestParts?.stop();
}
