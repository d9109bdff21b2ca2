import { processor } from "../processor.ts";

/** The machine in the words of a table: cores, processor, Deno. */
export const machine = (): string =>
  `${navigator.hardwareConcurrency} cores of ${processor()}, Deno ${Deno.version.deno}`;
