// ES-module mode: tests what ships. Needs Node >= 24.9 and NODE_OPTIONS=--experimental-vm-modules.
const swc = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/tools'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  testRegex: '[.](spec|int|component|contract)[.]ts$',
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  extensionsToTreatAsEsm: ['.ts'],
  // libs are tested from their source, no build needed
  testEnvironmentOptions: {
    customExportConditions: ['@penguinmails/source', 'node', 'node-addons'],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  globalSetup: '<rootDir>/tools/test/global-setup.mjs',
  globalTeardown: '<rootDir>/tools/test/global-teardown.mjs',
  testSequencer: '<rootDir>/tools/test/long-first.cjs',
  // Above what single waits allow (eventually: 90 s): patience costs a passing test nothing.
  testTimeout: 300000,
  workerIdleMemoryLimit: '1GB',
};
