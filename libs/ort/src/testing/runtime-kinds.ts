/** Every specification of a runtime holds for both kinds. */
export const runtimeKinds = ['native', 'worker'] as const;
