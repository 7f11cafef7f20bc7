/** As the server sets it for its engines (`start-engines.ts` of `@mcli/model-server`): native code reads it early. */
export const nativeEnvironment = { ORT_DISABLE_TELEMETRY: '1' };
