import type { Measurements } from "../measure/measurements.ts";
import { reluOffFractions } from "../theory/relu_off_fractions.ts";
import { plainChain } from "./plain_chain.ts";

/**
 * The share of dead units that depth alone explains, for each row with an activation: of the dense relu
 * layers in a row from the input up. None where theory does not describe the network. It is for trained
 * networks, in which nothing says that as many units are on as are off (`offByAlikeness`).
 */
export function offByDepth(measurements: Measurements): Map<string, number> {
  const chain = plainChain(measurements);
  if (typeof chain === "string") return new Map();
  const other = chain.findIndex(({ layer, activation }) =>
    layer.className !== "Dense" || activation !== "relu"
  );
  const run = other === -1 ? chain : chain.slice(0, other);
  const { examples, inputs } = measurements.batch;
  if (run.length === 0 || !(inputs.rms > 0)) return new Map();
  // Inputs that share an offset are alike from the start.
  const correlation = Math.min(1, (inputs.mean / inputs.rms) ** 2);
  const shares = reluOffFractions(run.length, examples, correlation);
  return new Map(run.map(({ output }, i) => [output.name, shares[i]]));
}
