import { holdsTorchKernel, isTorchModule } from "../../ground/traits/torch_layers.ts";
import type { FunctionalProgram } from "./functional.ts";
import {
  type Argument,
  baseName,
  type Call,
  type ModuleCall,
  namesIn,
  type Program,
  resultsOf,
  type SourceLine,
} from "./program.ts";

/** Layer that is made of calls of a graph. */
export interface PlannedLayer {
  /** Name: the path of its module, or that and the operation. */
  readonly name: string;
  /** Class of the module, or name of the operation. */
  readonly className: string;
  /** Path of the module that it belongs to, and the class of it. */
  readonly module: Pick<ModuleCall, "path" | "className"> | null;
  readonly source: SourceLine | null;
  /** Calls in their order, those first that depend on no input of the layer. */
  readonly calls: readonly Call[];
  /** Call that the layer is about. */
  readonly main: Call;
  /** Values that it reads from other layers, or from the inputs of the model. */
  readonly inputs: readonly string[];
  /** Values that other layers read, or that the model puts out. */
  readonly outputs: readonly string[];
  /** Parameters, buffers and constants that it reads, by the names of their values. */
  readonly held: readonly string[];
}

/** Layers of a program, and the values that are its outputs. */
interface LayerPlan {
  readonly layers: readonly PlannedLayer[];
  readonly outputs: readonly string[];
  /** Layer outside of the model that computes the buffers of the next step; `null` without any. */
  readonly update: PlannedUpdate | null;
}

/** Layer that computes the values which buffers have in the next step of training. */
export interface PlannedUpdate extends PlannedLayer {
  /** Buffers that get its outputs as new values, in that order. */
  readonly buffers: readonly string[];
}

/** Group of calls that becomes a layer. */
interface Group {
  /** Key of the call of the module; `null` for an operation by itself. */
  key: string | null;
  unit: ModuleCall | null;
  calls: Call[];
}

/**
 * Divides the calls of a program into layers: one for each call of a module that is known as a
 * whole, and one for each other operation. Calls that depend on parameters and constants alone run
 * in the layers that read them.
 *
 * @param program The program.
 * @param functional Its calls without changes in place.
 * @param outputs Values that the model puts out.
 */
export function planLayers(
  program: Program,
  functional: FunctionalProgram,
  outputs: readonly string[],
): LayerPlan {
  const producers = new Map<string, Call>();
  for (const call of functional.calls) {
    for (const name of resultsOf(call)) producers.set(name, call);
  }
  const needed = reach(outputs, producers);
  const calls = functional.calls.filter((call) => needed.has(call));
  const given = new Set(program.inputs.flatMap(({ name }) => name ?? []));
  const dynamic = new Set<Call>();
  const flows = new Set(given);
  for (const call of calls) {
    if (!readsOf(call).some((name) => flows.has(name))) continue;
    dynamic.add(call);
    for (const name of resultsOf(call)) flows.add(name);
  }
  const groups = groupCalls(calls.filter((call) => dynamic.has(call)));
  const namer = makeNamer(given);
  const readers = readersOf(dynamic);
  const layers = groups.map((group) =>
    describe(group, { producers, dynamic, readers, flows, held: program.held, namer, outputs })
  );
  const update = planUpdate(functional, layers, { producers, dynamic, held: program.held });
  // An output that depends on no input is computed by no layer.
  return { layers, outputs: outputs.filter((name) => flows.has(name)), update };
}

/**
 * Plans the update of the buffers that layers read and the program changes in place, and of those
 * that it follows from: averages, counters, queues, the vectors of a spectral norm.
 */
function planUpdate(
  { calls, changed }: FunctionalProgram,
  layers: readonly PlannedLayer[],
  { producers, dynamic, held }: Pick<Surroundings, "producers" | "dynamic" | "held">,
): PlannedUpdate | null {
  const buffers = new Set<string>();
  let needed = new Set<Call>();
  let open = new Set(layers.flatMap((layer) => layer.held));
  const isNew = (name: string) => changed.has(name) && !buffers.has(name);
  while ([...open].some(isNew)) {
    for (const name of open) if (isNew(name)) buffers.add(name);
    needed = reach([...buffers].map((name) => changed.get(name)!), producers, dynamic);
    open = new Set([...needed].flatMap(readsOf));
  }
  if (buffers.size === 0) return null;
  const own = calls.filter((call) => needed.has(call));
  const outputs = [...buffers].map((name) => changed.get(name)!);
  const made = new Set(own.flatMap(resultsOf));
  const reads = [...new Set([...own.flatMap(readsOf), ...outputs])];
  return {
    name: "buffers",
    className: "buffers",
    module: null,
    source: null,
    calls: own,
    main: own.at(-1) ?? producers.get(outputs[0])!,
    inputs: reads.filter((name) => !made.has(name) && !held.has(name)),
    outputs,
    held: [...new Set([...reads.filter((name) => held.has(name)), ...buffers])],
    buffers: [...buffers],
  };
}

/** Returns the names of the values that a call reads. */
const readsOf = ({ args }: Call): string[] => Object.values(args).flatMap(namesIn);

/** Returns the calls that outputs depend on, up to the known ones. */
function reach(
  outputs: readonly string[],
  producers: ReadonlyMap<string, Call>,
  known: ReadonlySet<Call> = new Set(),
): Set<Call> {
  const found = new Set<Call>();
  const open = [...outputs];
  while (open.length > 0) {
    const call = producers.get(open.pop()!);
    if (call === undefined || found.has(call) || known.has(call)) continue;
    found.add(call);
    open.push(...readsOf(call));
  }
  return found;
}

function groupCalls(calls: readonly Call[]): Group[] {
  const groups: Group[] = [];
  const containers = containersOf(calls);
  for (const call of calls) {
    const unit = call.modules.find(({ className, key }) =>
      !containers.has(key) && (isTorchModule(className) || className === "AttentionWeights")
    ) ?? null;
    const last = groups.at(-1);
    if (unit !== null && last?.key === unit.key) {
      last.calls.push(call);
    } else groups.push({ key: unit?.key ?? null, unit, calls: [call] });
  }
  return groups;
}

/**
 * Returns the keys of the modules that call a module with a kernel. They are not layers, even if
 * their class has the name of one: users write an `LSTM` of an embedding, an `nn.LSTM` and a head.
 */
function containersOf(calls: readonly Call[]): Set<string> {
  const found = new Set<string>();
  for (const { modules } of calls) {
    const innermost = modules.findLastIndex(({ className }) => holdsTorchKernel(className));
    for (const { key } of modules.slice(0, Math.max(innermost, 0))) found.add(key);
  }
  return found;
}

/** Returns the calls that a call depends on and that no input reaches, in their order. */
function staticsOf(
  call: Call,
  producers: ReadonlyMap<string, Call>,
  dynamic: ReadonlySet<Call>,
): Call[] {
  const found = new Set<Call>();
  const visit = (one: Call) => {
    for (const name of readsOf(one)) {
      const producer = producers.get(name);
      if (producer === undefined || dynamic.has(producer) || found.has(producer)) continue;
      visit(producer);
      found.add(producer);
    }
  };
  visit(call);
  return [...found];
}

interface Surroundings {
  producers: ReadonlyMap<string, Call>;
  dynamic: ReadonlySet<Call>;
  /** Calls among them that read each value. */
  readers: ReadonlyMap<string, Call[]>;
  flows: ReadonlySet<string>;
  held: Program["held"];
  namer: (wished: string) => string;
  outputs: readonly string[];
}

function describe({ unit, calls, key }: Group, around: Surroundings): PlannedLayer {
  const { producers, dynamic, flows, held, namer } = around;
  const statics = [...new Set(calls.flatMap((call) => staticsOf(call, producers, dynamic)))];
  const all = [...statics, ...calls];
  const own = new Set(all.flatMap(resultsOf));
  const reads = [...new Set(calls.flatMap(readsOf))];
  const main = mainOf(calls);
  const module = unit ?? main.modules.at(-1) ?? null;
  const inputs = reads.filter((name) => flows.has(name) && !own.has(name));
  const className = unit === null ? operationClass(main, inputs) : moduleClass(unit, main);
  const path = module?.path ?? "";
  const wished = key === null ? [path, className].filter((part) => part !== "").join(".") : path;
  return {
    name: namer(wished === "" ? className : wished),
    className,
    module: module === null ? null : { path, className: module.className },
    source: main.source,
    calls: all,
    main,
    inputs,
    outputs: calls.flatMap(resultsOf).filter((name) => isReadOutside(name, calls, around)),
    held: [...new Set(all.flatMap(readsOf))].filter((name) => held.has(name)),
  };
}

/** Returns the class of a module, by which its traits are looked up. */
function moduleClass({ className }: ModuleCall, { target }: Call): string {
  const isCopy = className === "Upsample" && baseName(target).startsWith("upsample_nearest");
  if (isCopy) return "UpsamplingNearest2d";
  // A cell that is called by itself is a recurrent layer of one step, and RNN of TensorFlow.js
  // another class.
  return className.replace(/^(RNN|GRU|LSTM)Cell$/, "$1").replace(/^RNN$/, "SimpleRNN");
}

/** True if a layer other than the one of these calls reads a value. */
function isReadOutside(
  name: string,
  calls: readonly Call[],
  { readers, outputs }: Surroundings,
): boolean {
  if (outputs.includes(name)) return true;
  const own = new Set(calls);
  return readers.get(name)?.some((call) => !own.has(call)) ?? false;
}

/** Returns the calls that read each value. */
function readersOf(calls: Iterable<Call>): Map<string, Call[]> {
  const readers = new Map<string, Call[]>();
  for (const call of calls) {
    for (const name of readsOf(call)) {
      const list = readers.get(name);
      if (list === undefined) readers.set(name, [call]);
      else list.push(call);
    }
  }
  return readers;
}

/** Operations that only arrange what others compute. */
const ARRANGING =
  /^(?:view|reshape|flatten|permute|transpose|t|squeeze|unsqueeze|expand|to|slice|pad|chunk|getitem|mean|pow|add|mul|rsqrt|zeros|contiguous)$/;

/** Returns the call that a layer is about: the first that does not only arrange. */
function mainOf(calls: readonly Call[]): Call {
  return calls.find(({ target }) => !ARRANGING.test(baseName(target))) ?? calls.at(-1)!;
}

/** Operations with a second name. */
const SYNONYMS: Readonly<Record<string, string>> = {
  multiply: "mul",
  divide: "div",
  true_divide: "div",
  subtract: "sub",
  concatenate: "cat",
  concat: "cat",
};

/** Returns the class of an operation by itself. */
function operationClass({ target, args }: Call, inputs: readonly string[]): string {
  const own = baseName(target).replace(/_$/, "");
  const name = SYNONYMS[own] ?? own;
  // The sum with a constant does not join two branches.
  if (name === "add" && inputs.length < 2) return "shift";
  // LayerScale, if it is written out: `self.gamma * x`.
  const isByWeight = Object.values(args).flatMap(namesIn).some((one) => !inputs.includes(one));
  if (name === "mul" && inputs.length === 1 && isByWeight) return "layer_scale";
  if ((name === "mul" || name === "div") && inputs.length < 2) return "scale";
  const least = valueOf(args.min_val);
  if (name === "hardtanh" && least === 0) return "relu6";
  return name;
}

const valueOf = (argument: Argument | undefined) =>
  argument?.is === "constant" ? argument.value : null;

/** Returns a name that TensorFlow.js takes. */
export const plainName = (name: string): string =>
  name.replaceAll(/[^-A-Za-z0-9._/]/g, "_").replace(/^(?![A-Za-z0-9])/, "m");

/** Returns a function that makes names unique and fit for TensorFlow.js. */
function makeNamer(inputs: ReadonlySet<string>): (wished: string) => string {
  const taken = new Map<string, number>([...inputs].map((name) => [plainName(name), 0]));
  return (wished) => {
    const plain = plainName(wished);
    let name = plain;
    while (taken.has(name)) {
      const count = taken.get(plain)! + 1;
      taken.set(plain, count);
      name = `${plain}_${count}`;
    }
    taken.set(name, taken.get(name) ?? 0);
    return name;
  };
}
