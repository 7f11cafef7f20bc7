/** Whether this machine has the C library that llama.cpp's libraries need: on Linux, glibc. */
export function hasKnownLibc(): boolean {
  if (process.platform !== 'linux') return true;
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime !== undefined;
}
