import type { PlannedLayer } from "./plan_layers.ts";
import type { ProgramLayer } from "./program_layer.ts";
import { type Argument, baseName, type ValueMeta } from "./program.ts";

/** Reads the arguments of the call that a layer is about. */
class Arguments {
  readonly #args: Readonly<Record<string, Argument>>;

  constructor({ main }: PlannedLayer) {
    this.#args = main.args;
  }

  number(name: string, otherwise: number): number {
    const argument = this.#args[name];
    return argument?.is === "constant" ? Number(argument.value) : otherwise;
  }

  /** Returns true if a flag is set. */
  is(name: string): boolean {
    const argument = this.#args[name];
    return argument?.is === "constant" && argument.value === true;
  }

  numbers(name: string): number[] | null {
    const argument = this.#args[name];
    if (argument?.is !== "list") return null;
    return argument.items.map((item) => item.is === "constant" ? Number(item.value) : 0);
  }

  value(name: string): string | null {
    const argument = this.#args[name];
    return argument?.is === "value" ? argument.name : null;
  }
}

/** Layers whose units are on axis 1, by their operations. */
const MAPS =
  /^(?:convolution|conv_?(?:transpose)?[123]d|batch_norm|instance_norm|group_norm|.*pool[123]d|upsample_.*)$/;

/** Operations that leave the axes of their input where they are. */
const KEEPS_AXES =
  /^(?:relu6?|leaky_relu|prelu|c?elu|selu|gelu|silu|mish|tanh|sigmoid|hard(?:sigmoid|swish|tanh)|softplus|.*dropout|add|sub|mul|div|shift|scale|clamp|pad)$/;

/** True if the units of a layer are on axis 1, as in maps of images. */
function isChannelsFirst(
  { main, inputs }: PlannedLayer,
  values: ReadonlyMap<string, ValueMeta>,
  firsts: ReadonlySet<string>,
): boolean {
  const name = baseName(main.target);
  const rank = values.get(inputs[0])?.sizes.length ?? 0;
  if (MAPS.test(name)) return rank > 2;
  return KEEPS_AXES.test(name) && inputs.some((input) => firsts.has(input));
}

/**
 * Gives a layer the settings that rules and theory read of a layer of TensorFlow.js, under its
 * names.
 *
 * @param layer The layer.
 * @param values Shapes of the values.
 * @param firsts Values whose units are on axis 1; those of this layer are added.
 */
export function setSettings(
  layer: ProgramLayer,
  values: ReadonlyMap<string, ValueMeta>,
  firsts: Set<string>,
): void {
  const { planned } = layer;
  const fields = layer as unknown as Record<string, unknown>;
  const args = new Arguments(planned);
  if (isChannelsFirst(planned, values, firsts)) {
    fields.dataFormat = "channelsFirst";
    for (const output of planned.outputs) firsts.add(output);
  }
  Object.assign(fields, settingsOf(planned, args, values));
  if (!hasLayout(layer)) delete fields.kernelLayout;
  const [mean, variance] = ["running_mean", "running_var"].map((name) => args.value(name))
    .map((name) => name === null ? undefined : layer.heldValues.variables.get(name));
  if (mean !== undefined && variance !== undefined) {
    Object.assign(fields, {
      movingMean: mean,
      movingVariance: variance,
      // In training its graph takes the statistics of the batch.
      isOnBatch: args.is("training"),
    });
  }
}

/** True if all matrices of a layer have the axes of its kernel, which may be computed from others. */
function hasLayout(layer: ProgramLayer): boolean {
  const { kernelLayout } = layer as { kernelLayout?: string };
  const rank = kernelLayout?.slice("einsum ".length).length;
  return [...layer.heldValues.variables.values()].map((weight) => weight.read().rank)
    .every((own) => own < 2 || own === rank);
}

function settingsOf(
  { main, className }: PlannedLayer,
  args: Arguments,
  values: ReadonlyMap<string, ValueMeta>,
): Record<string, unknown> {
  const name = baseName(main.target).replace(/_$/, "");
  const rankOf = (argument: string) => values.get(args.value(argument) ?? "")?.sizes.length ?? 0;
  const spatial = /^conv_?(transpose)?([123])d$/.exec(name);
  if (spatial !== null) {
    // A transposed kernel is [in, out, ...window].
    return windowOf(args, values, spatial[1] === undefined ? "oi" : "io");
  }
  switch (name) {
    case "linear":
      return { kernelLayout: "einsum oi" };
    case "addmm":
      return rankOf("mat2") === 2 ? { kernelLayout: "einsum io" } : {};
    case "embedding":
      return { inputDim: numberAt(values.get(args.value("weight") ?? "")?.sizes[0]) };
    case "leaky_relu":
      return { alpha: args.number("negative_slope", 0.01) };
    case "rrelu":
      return { alpha: drawnSlope(args) };
    case "threshold":
      return { theta: args.number("threshold", 0), value: args.number("value", 0) };
    case "elu":
      return { alpha: args.number("alpha", 1) };
    case "hardtanh":
      return /6$/.test(className) ? { maxValue: args.number("max_val", 1) } : {};
    case "softmax":
      return { axis: args.number("dim", -1) };
    case "dropout":
    case "feature_dropout":
    case "alpha_dropout":
      return { rate: args.number("p", 0.5) };
    case "batch_norm":
    case "layer_norm":
    case "group_norm":
    case "instance_norm":
    case "rms_norm":
      return { epsilon: args.number("eps", 1e-5) };
    default:
      return {};
  }
}

/**
 * Returns the slope of a leaky relu that passes on as much as one whose slopes are drawn between two
 * bounds: the root of their mean square, or outside of training their mean, which is taken there.
 */
function drawnSlope(args: Arguments): number {
  const low = args.number("lower", 1 / 8), high = args.number("upper", 1 / 3);
  const slope = args.is("training")
    ? Math.sqrt((low * low + low * high + high * high) / 3)
    : (low + high) / 2;
  return Number(slope.toPrecision(3));
}

const numberAt = (size: unknown) => typeof size === "number" ? size : undefined;

/** Returns the window of a convolution, and the axes of its kernel. */
function windowOf(
  args: Arguments,
  values: ReadonlyMap<string, ValueMeta>,
  channels: "oi" | "io",
): Record<string, unknown> {
  const sizes = values.get(args.value("weight") ?? "")?.sizes ?? [];
  const window = sizes.slice(2).map(Number);
  const repeated = (one: number[] | null) =>
    one?.length === window.length ? one : window.map(() => one?.[0] ?? 1);
  return {
    kernelLayout: `einsum ${channels}${"i".repeat(window.length)}`,
    kernelSize: window,
    strides: repeated(args.numbers("stride")),
    dilationRate: repeated(args.numbers("dilation")),
  };
}
