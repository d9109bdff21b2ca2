import { ModelError } from "../../core/model/model_error.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { isNarrow } from "../aten/dtypes.ts";
import {
  type Argument,
  type Call,
  inverseOf,
  isView,
  mayCopy,
  namesIn,
  type Program,
  type Result,
  resultsOf,
  type ValueMeta,
  withFirst,
} from "./program.ts";
import type { SizeExpression } from "./size_expression.ts";

/** Program without operations in place: each value has its name, and keeps it. */
export interface FunctionalProgram {
  readonly calls: readonly Call[];
  readonly outputs: readonly Argument[];
  readonly values: ReadonlyMap<string, ValueMeta>;
  /**
   * Values that buffers and parameters have at the end, by the names of those that they had: only
   * changed ones.
   */
  readonly changed: ReadonlyMap<string, string>;
}

/** Memory that several values may show. */
interface Storage {
  /** Value that is the whole memory at present. */
  name: string;
  /** Number of times that it was changed. */
  version: number;
}

/** Step from a value to a view of it. */
interface Step {
  call: Call;
  /** Name of the result of the call that is meant. */
  result: string;
}

/** Value of the graph, as a view of a storage. */
interface Alias {
  storage: Storage;
  /** Value that it is at `version`. */
  name: string;
  version: number;
  path: readonly Step[];
}

/** Calls that return their first argument, and share its memory. */
const SAME = /^aten\.(?:alias|contiguous|lift|view_copy\.dtype|_reshape_alias)\./;

/** Calls that return a copy of their first argument. */
const COPY = /^aten\.(?:clone|lift_fresh_copy|lift_fresh)\./;

/** Calls that only check something, or compute a number from sizes. */
const WITHOUT_RESULT = /^(?:aten\.(?:_assert|sym_)|_operator\.|math\.|operator\.)/;

/** True for an operation that changes its first argument: `aten.relu_.default`. */
const isInPlace = (target: string) => /^aten\.[a-z]\w*[a-z0-9]_\.\w+$/.test(target);

/** Operations in place whose other form has another overload. */
const OTHER_FORM: Readonly<Record<string, string>> = {
  "aten.bernoulli_.float": "aten.bernoulli.p",
};

/** Returns the name of the first parameter of an operation; `null` if it cannot be run. */
type FirstParameter = (target: string) => string | null;

/** Returns the call without a change in place. */
function functionalForm(call: Call, firstParameter: FirstParameter): Pick<Call, "target" | "args"> {
  const plain = OTHER_FORM[call.target] ?? call.target.replace("_.", ".");
  const first = firstParameter(plain);
  if (first === null && firstParameter(call.target) !== null) return call;
  // The first argument of `dropout` is not called as that of `dropout_`.
  const [[name, value], ...rest] = Object.entries(call.args);
  return { target: plain, args: { [first ?? name]: value, ...Object.fromEntries(rest) } };
}

/**
 * Rewrites operations in place: from each on, the value that it changes is its result, and so are
 * the values of which it is a view, and their other views.
 *
 * @param program The program.
 * @param firstParameter Returns the name of the first parameter of an operation that can be run.
 * @throws {ModelError} If it cannot be known which values change.
 */
export function functionalize(
  program: Program,
  firstParameter: FirstParameter,
): FunctionalProgram {
  const rewriting = new Rewriting(program, firstParameter);
  program.calls.forEach((call, i) => rewriting.add(call, i));
  const changed = rewriting.changed(program);
  return {
    calls: rewriting.calls,
    outputs: program.outputs.map((output) => rewriting.resolved(output)),
    values: rewriting.values,
    changed,
  };
}

class Rewriting {
  readonly calls: Call[] = [];
  readonly values: Map<string, ValueMeta>;
  readonly #firstParameter: FirstParameter;
  readonly #aliases = new Map<string, Alias>();
  /** Index of the last call that reads a value of the graph; one after all for an output. */
  readonly #lastUse = new Map<string, number>();
  #fresh = 0;

  constructor(program: Program, firstParameter: FirstParameter) {
    this.#firstParameter = firstParameter;
    this.values = new Map(program.values);
    program.calls.forEach(({ args }, i) => {
      for (const arg of Object.values(args)) {
        for (const name of namesIn(arg)) this.#lastUse.set(name, i);
      }
    });
    const kept = [...program.held].flatMap(([name, { kind }]) => kind === "constant" ? [] : name);
    for (const name of [...program.outputs.flatMap(namesIn), ...kept]) {
      this.#lastUse.set(name, program.calls.length);
    }
    const given = [...program.held.keys(), ...program.inputs.map(({ name }) => name)];
    for (const name of given) if (name !== null) this.#own(name);
  }

  /** Returns the last values of the buffers and parameters that have changed, by their first ones. */
  changed({ held }: Program): Map<string, string> {
    const last = new Map<string, string>();
    for (const [name, { kind }] of held) {
      const now = kind === "constant" ? name : this.#nameOf(this.#aliasOf(name));
      if (now !== name) last.set(name, now);
    }
    return last;
  }

  /** Makes a value whose memory is its own. */
  #own(name: string, value = name): void {
    const storage = { name: value, version: 0 };
    this.#aliases.set(name, { storage, name: value, version: 0, path: [] });
  }

  /** Returns an argument with the present names of its values. */
  resolved(argument: Argument): Argument {
    if (argument.is === "list") {
      return { is: "list", items: argument.items.map((item) => this.resolved(item)) };
    }
    if (argument.is !== "value") return argument;
    return { is: "value", name: this.#nameOf(this.#aliasOf(argument.name)) };
  }

  #aliasOf(name: string): Alias {
    const alias = this.#aliases.get(name);
    if (alias !== undefined) return alias;
    throw new ModelError(
      refusal`The graph reads ${name}, expected a value that an operation before it computes`,
    );
  }

  /** Returns the value that an alias is now: its view is taken again if its memory has changed. */
  #nameOf(alias: Alias): string {
    const { storage } = alias;
    if (alias.version !== storage.version) {
      alias.name = this.#follow(storage.name, alias.path);
      alias.version = storage.version;
    }
    return alias.name;
  }

  /** Takes views of a value, one of the other. */
  #follow(start: string, path: readonly Step[]): string {
    let name = start;
    for (const { call, result } of path) {
      const names = new Map<string, string>();
      const renamed = renameResults(call.results, (own) => {
        const fresh = `${own}~${++this.#fresh}`;
        names.set(own, fresh);
        this.#copyMeta(own, fresh);
        return fresh;
      });
      const args = withFirst(call.args, { is: "value", name });
      this.calls.push({ ...call, args, results: renamed });
      name = names.get(result)!;
    }
    return name;
  }

  #copyMeta(from: string, to: string): void {
    const meta = this.values.get(from);
    if (meta !== undefined) this.values.set(to, meta);
  }

  /** Adds a call of the graph. */
  add(call: Call, index: number): void {
    if (WITHOUT_RESULT.test(call.target)) return;
    const [first] = Object.values(call.args);
    const source = first?.is === "value" ? this.#aliasOf(first.name) : null;
    const results = resultsOf(call);
    if (results.length === 0 && !isInPlace(call.target)) return;
    if (source !== null && this.#isSame(call, source)) {
      this.#aliases.set(results[0], source);
      return;
    }
    if (source !== null && COPY.test(call.target)) {
      this.#own(results[0], this.#nameOf(source));
      return;
    }
    const args = Object.fromEntries(
      Object.entries(call.args).map(([name, arg]) => [name, this.resolved(arg)]),
    );
    if (isInPlace(call.target)) {
      if (source === null) {
        throw new ModelError(
          refusal`${call.target} at ${call.name} changes no value, expected one`,
        );
      }
      this.#change(source, { ...call, args }, index);
      for (const name of results) this.#aliases.set(name, source);
      return;
    }
    this.calls.push({ ...call, args });
    for (const result of results) {
      if (source === null || !isView(call.target)) this.#own(result);
      else {
        const { storage } = source;
        const path = [...source.path, { call, result }];
        this.#aliases.set(result, { storage, name: result, version: storage.version, path });
      }
    }
  }

  /** True if a call returns its argument: also a cast to a dtype that is held alike. */
  #isSame({ target, results }: Call, source: Alias): boolean {
    if (SAME.test(target)) return true;
    if (!/^aten\.(?:to|_to_copy|type_as|float|expand_as)\./.test(target)) return false;
    const [from, to] = [source.name, String(results[0])].map((name) => this.values.get(name));
    const isComplex = (meta: ValueMeta) => meta.type.startsWith("complex");
    return from !== undefined && to !== undefined && heldAs(from.type) === heldAs(to.type) &&
      isComplex(from) === isComplex(to) && (from.type === to.type || !isNarrow(to.type)) &&
      JSON.stringify(from.sizes) === JSON.stringify(to.sizes);
  }

  /** Changes a value in place. */
  #change(alias: Alias, call: Call, index: number): void {
    const { storage, path } = alias;
    const before = this.#nameOf(alias);
    const name = `${call.name}~${++this.#fresh}`;
    this.#copyMeta(before, name);
    this.calls.push({ ...call, ...functionalForm(call, this.#firstParameter), results: [name] });
    const isSeenElsewhere = [...this.#aliases].some(([other, one]) =>
      one !== alias && one.storage === storage && (this.#lastUse.get(other) ?? -1) > index
    );
    if (!isSeenElsewhere) {
      const own = { name, version: 0 };
      Object.assign(alias, { storage: own, name, version: 0, path: [] });
      return;
    }
    storage.name = path.length === 0 ? name : this.#writeBack(storage.name, path, name, call);
    storage.version++;
    alias.name = name;
    alias.version = storage.version;
  }

  /** Puts a changed view back into the value that it is a view of. */
  #writeBack(base: string, path: readonly Step[], changed: string, cause: Call): string {
    let name = changed;
    for (let at = path.length - 1; at >= 0; at--) {
      const { call, result } = path[at];
      if (mayCopy(call.target)) throw unknowable(cause, call);
      const parent = this.#follow(base, path.slice(0, at));
      const inverse = inverseOf(call, { parent, changed: name, result, values: this.values });
      if (inverse === null) throw unknowable(cause, call);
      if (inverse === "same") continue;
      const own = `${call.name}~${++this.#fresh}`;
      this.#copyMeta(parent, own);
      this.calls.push({ ...cause, ...inverse, results: [own] });
      name = own;
    }
    return name;
  }
}

function unknowable(cause: Call, view: Call): ModelError {
  return new ModelError({
    place: `${cause.target} at ${cause.name}`,
    verb: "changes",
    found: `a value through ${view.target}`,
    expected: "a view",
    meant: ', and the graph does not tell if it is a view; use the operation without "_"',
  });
}

/** Returns the dtype that holds the entries here. */
export function heldAs(type: string): "float32" | "int32" | "bool" {
  if (type === "bool") return "bool";
  return /^b?float|^complex/.test(type) ? "float32" : "int32";
}

function renameResults(
  results: readonly Result[],
  rename: (name: string) => string,
): readonly Result[] {
  return results.map((one) => {
    if (one === null) return null;
    return typeof one === "string" ? rename(one) : renameResults(one, rename);
  });
}

/**
 * Replaces each call whose result has no entries by zeros of its shape, which depend on no input: a
 * layer must put out entries. Rotary positions cut off such a rest if they turn all units.
 */
export function replaceEmpty(program: FunctionalProgram): FunctionalProgram {
  const calls = program.calls.map((call) => {
    const [result] = call.results;
    const meta = typeof result === "string" ? program.values.get(result) : undefined;
    const isEmpty = call.results.length === 1 && meta?.sizes.includes(0) === true;
    return isEmpty ? zerosOf(call, meta) : call;
  });
  return { ...program, calls };
}

/** Operations that read only the shape of their second operand, and those with a shape instead. */
const SHAPED: Readonly<Record<string, { target: string; argument: string }>> = {
  "aten.reshape_as.default": { target: "aten.reshape.default", argument: "shape" },
  "aten.view_as.default": { target: "aten.reshape.default", argument: "shape" },
  "aten.expand_as.default": { target: "aten.expand.default", argument: "size" },
};

/**
 * Replaces operands of which only the shape is read by that shape: no signal goes from there to the
 * result, and the graph of the layers must not show one.
 */
export function replaceShapeOperands(program: FunctionalProgram): FunctionalProgram {
  const calls = program.calls.map((call) => {
    if (!Object.hasOwn(SHAPED, call.target)) return call;
    const { self, other } = call.args;
    const meta = other?.is === "value" ? program.values.get(other.name) : undefined;
    if (meta === undefined) return call;
    const { target, argument } = SHAPED[call.target];
    const shape: Argument = { is: "list", items: meta.sizes.map(argumentOf) };
    return { ...call, target, args: { self, [argument]: shape } };
  });
  return { ...program, calls };
}

function zerosOf(call: Call, { sizes, type }: ValueMeta): Call {
  const size: Argument = { is: "list", items: sizes.map(argumentOf) };
  const dtype: Argument = { is: "constant", value: heldAs(type) };
  return { ...call, target: "aten.zeros.default", args: { size, dtype } };
}

const argumentOf = (size: SizeExpression): Argument =>
  typeof size === "number" ? { is: "constant", value: size } : { is: "size", size };
