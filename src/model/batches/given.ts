import type { ParsedTensor } from "../parse_tensor.ts";

/** The tensors of a batch file: one for each input, and for each output where it has targets. */
export interface Given {
  inputs: ParsedTensor[];
  targets: ParsedTensor[] | null;
}
