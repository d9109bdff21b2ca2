/** The machine in the words of a table: cores, processor, Deno. */
export function machine(): string {
  const processor = /model name\s*: (.*)/.exec(readProcessors())?.[1] ?? Deno.build.arch;
  return `${navigator.hardwareConcurrency} cores of ${processor}, Deno ${Deno.version.deno}`;
}

function readProcessors(): string {
  try {
    return Deno.readTextFileSync("/proc/cpuinfo");
  } catch {
    return "";
  }
}
