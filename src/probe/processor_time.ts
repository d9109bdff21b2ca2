/**
 * Returns the seconds of processor time that this process has used, which other programs on the
 * machine do not change; the seconds that have passed where it is unknown, as in a browser.
 */
export function processorSeconds(): number {
  const { process } = globalThis as {
    process?: { cpuUsage?(): { user: number; system: number } };
  };
  const used = process?.cpuUsage?.();
  return used === undefined ? performance.now() / 1e3 : (used.user + used.system) / 1e6;
}
