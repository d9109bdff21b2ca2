import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { examine } from "../../src/core/diagnosis/examine/mod.ts";
import { errorMessage } from "../../src/ground/words/failure.ts";
import { buildProgram, countOf, rowsOf } from "./build_program.ts";
import { drawData } from "./data.ts";
import type { Facts } from "./facts.ts";

/** Number of examples that a program is judged on: what `check` draws by default. */
const BATCH = 32;

/** Verdict of this tool on a program. */
export interface Verdict {
  /** `sick`, `weak`, `healthy`, or `refused`. */
  verdict: string;
  /** Kinds of the causes, the first first, each with its severity. */
  causes: string[];
  /** First cause in words, or the reason why the program is refused. */
  said: string;
  /** The trial in words; absent if there was none. */
  trial?: string;
  /** True if the fix of the first cause was tried and left no error. */
  tried: boolean;
}

/** Judges a program as compiled, on its first examples. */
export async function judgeProgram(tf: TensorFlow, facts: Facts): Promise<Verdict> {
  const drawn = await drawData(facts.data);
  const model = await buildProgram(tf, facts, drawn);
  const count = Math.min(BATCH, countOf(drawn));
  const batch = rowsOf(tf, drawn, Array.from({ length: count }, (_, i) => i));
  try {
    const { diagnosis } = await examine(model, batch);
    const { verdict, causes, trial } = diagnosis;
    const [first] = causes;
    return {
      verdict,
      causes: causes.map(({ kind, severity }) => `${kind} (${severity})`),
      said: first?.message ?? "",
      ...trial === undefined ? {} : { trial: `${trial.verdict}: ${trial.said}` },
      tried: first?.tried?.worked === true && first.tried.left === 0,
    };
  } catch (error) {
    return { verdict: "refused", causes: [], said: errorMessage(error), tried: false };
  } finally {
    tf.dispose([batch.inputs, batch.targets]);
    model.optimizer.dispose();
    model.dispose();
  }
}
