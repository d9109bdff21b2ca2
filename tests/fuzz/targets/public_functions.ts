import { InputError } from "../../../src/ground/words/input_error.ts";
import { AssertionError } from "@std/assert";
import configuration from "../../../deno.json" with { type: "json" };
import { startEngine } from "../../../src/engine/mod.ts";
import { measure } from "../../../src/entry/measure.ts";
import { exerciseModel, randomBatch } from "../../../src/entry/model.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { nonsense, spoil, Theirs } from "../nonsense.ts";
import { validArguments } from "../valid_arguments.ts";

// deno-lint-ignore no-explicit-any -- whatever there is
type Callable = (...args: any[]) => any;

/** These are left out: what they are called with is for the runner of the tests. */
const LEFT_OUT = ["testGradientHealth"];

/** Index of the argument that is a file or a folder that they write. */
const WRITERS: Record<string, number> = { writeBaseline: 0, "StudyWriter.create": 0, saveModel: 1 };

/** Every function that an entry point exports, the checks of rules and the matchers among them. */
async function publicFunctions(): Promise<Map<string, Callable>> {
  const found = new Map<string, Callable>();
  for (const path of Object.values(configuration.exports)) {
    const module = await import(new URL(`../../../${path}`, import.meta.url).href);
    // deno-lint-ignore no-explicit-any -- whatever there is
    for (const [name, value] of Object.entries<any>(module)) {
      if (LEFT_OUT.includes(name) || value?.prototype instanceof Error) continue;
      if (typeof value === "function") {
        if (typeof value.create !== "function") found.set(name, value);
        else found.set(`${name}.create`, value.create.bind(value));
      } else if (typeof value?.check === "function") {
        found.set(`${name}.check`, value.check.bind(value));
      } else if (name === "healthMatchers") {
        for (const [key, matcher] of Object.entries<Callable>(value)) {
          const call = (given: unknown, ...rest: unknown[]) =>
            matcher({ value: given, isNot: false }, ...rest);
          found.set(`${name}.${key}`, call);
        }
      }
    }
  }
  return found;
}

export const target: FuzzTarget = {
  name: "public_functions",
  about: "A public function that is called with nonsense answers, or says what is wrong.",
  shortRun: 400,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const folder = await Deno.makeTempDir();
    const functions = await publicFunctions();
    const names = [...functions.keys()];
    const errors = await errorClasses();
    const model = exerciseModel({ width: 2, depth: 1, std: 1 });
    const batch = randomBatch(model, { examples: 8, objective: "meanSquaredError" });
    const measurements = await measure(model, batch, { objective: "meanSquaredError" });
    const valid = validArguments({ tf, model, batch, measurements, folder });
    const gone = exerciseModel({ width: 2, depth: 1 });
    gone.dispose();
    const tensor = tf.zeros([2]);
    tensor.dispose();
    const unbuilt = tf.sequential();
    const more = [gone, tensor, unbuilt, tf, model, measurements, batch];
    return {
      async tryOne(chance) {
        const name = chance.one(names);
        const given = [...valid[name] ?? [measurements, {}, "msg"]];
        const at = chance.integer(0, given.length - 1);
        given[at] = chance.happens(0.5) ? spoil(given[at], chance, more) : nonsense(chance, more);
        if (chance.happens(0.1)) given.length = at;
        // Written files are in the folder, whatever their names.
        const written = given[WRITERS[name]];
        if (typeof written === "string") given[WRITERS[name]] = `${folder}/${written.length}`;
        const place = `${name}(${given.map(describe).join(", ")})`;
        const { numTensors } = tf.memory();
        try {
          await release(await functions.get(name)!(...given), [...given, ...more, engine]);
        } catch (error) {
          if (error instanceof AssertionError) return;
          try {
            requireClearError(error, errors);
          } catch (unclear) {
            throw new Error(`${place}: ${(unclear as Error).message}`, { cause: error });
          }
        }
        const left = tf.memory().numTensors - numTensors;
        if (left > 0) throw new Error(`${place} leaves ${left} tensors`);
      },
      async [Symbol.asyncDispose]() {
        await engine.stop();
        await Deno.remove(folder, { recursive: true });
      },
    };
  },
};

type ErrorClass = abstract new (...args: never[]) => Error;

/** Returns the errors that a public function may throw. */
async function errorClasses(): Promise<ErrorClass[]> {
  const classes: ErrorClass[] = [TypeError, InputError, SyntaxError, Theirs];
  for (const path of Object.values(configuration.exports)) {
    const module = await import(new URL(`../../../${path}`, import.meta.url).href);
    classes.push(
      ...Object.values<ErrorClass>(module).filter((one) => one.prototype instanceof Error),
    );
  }
  return classes;
}

/** Gives back what a call has made: tensors, a model, an engine, a file, or how to take it back. */
async function release(value: unknown, given: readonly unknown[]): Promise<void> {
  if (typeof value === "function") return void await value();
  if (typeof value !== "object" || value === null || given.includes(value)) return;
  if (Array.isArray(value) && Symbol.dispose in value) return (value[Symbol.dispose] as Callable)();
  const made = value as Record<string, unknown>;
  for (const name of ["stop", "close", "dispose"]) {
    if (typeof made[name] === "function") return void await (made[name] as Callable)();
  }
  for (const key of ["inputs", "targets"]) {
    for (const one of [made[key]].flat()) await release(one, given);
  }
  if (Array.isArray(value) && typeof value[0]?.dispose === "function" && "dataId" in value[0]) {
    for (const one of value) one.dispose();
  }
  const { points } = made;
  if (typeof (points as AsyncGenerator)?.return === "function") {
    // One that has not begun has nothing to put back with.
    await (points as AsyncGenerator).next();
    await (points as AsyncGenerator).return(undefined);
  }
}

function describe(value: unknown): string {
  try {
    return Deno.inspect(value, { depth: 1, compact: true, breakLength: Infinity }).slice(0, 200);
  } catch {
    return "something hostile";
  }
}
