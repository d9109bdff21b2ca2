import { cpus } from "node:os";

/** The name of the processor. */
export const processor = (): string => cpus()[0]?.model.trim() ?? Deno.build.arch;
