import { InputError } from "../../ground/words/input_error.ts";
import { oneTensor } from "../../engine/repairs/layer_repair.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { showValue } from "../../ground/words/show_value.ts";
import {
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  oneShape,
  type OpenShape,
  stockClass,
} from "../../engine/keras_layer.ts";

/** Arguments of a Cropping1D and a Cropping3D. */
export interface CroppingArgs extends LayerArgs {
  /** Number of entries cut off both ends of each axis. Default: 1. */
  cropping?: Borders;
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Defines cropping along `axes` spatial axes. TensorFlow.js only has Cropping2D. */
function defineCropping(tf: TensorFlow, axes: 1 | 3): KerasLayer<CroppingArgs> {
  return class extends tf.layers.Layer {
    static className = `Cropping${axes}D`;
    readonly cropping: Border[];
    readonly dataFormat: DataFormat;

    constructor(args: CroppingArgs = {}) {
      super(args);
      this.cropping = bordersOf(args.cropping ?? 1, axes, `cropping of ${this.name}`);
      this.dataFormat = args.dataFormat ?? "channelsLast";
      this.inputSpec = [{ ndim: axes + 2 }];
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const shape = [...oneShape(inputShape)];
      spaceAxes(shape.length, this.dataFormat).forEach((axis, i) => {
        const [start, end] = this.cropping[i];
        const size = shape[axis];
        if (size === null) return;
        shape[axis] = size - start - end;
        if (shape[axis]! > 0) return;
        throw new InputError({
          place: `cropping of ${this.name}`,
          verb: "takes",
          found: `${start} and ${end} from an axis of ${size} entries`,
          expected: "to leave one at least",
        });
      });
      return shape;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = oneTensor(inputs);
      const start = x.shape.map(() => 0);
      spaceAxes(x.rank, this.dataFormat).forEach((axis, i) => start[axis] = this.cropping[i][0]);
      return tf.slice(x, start, this.computeOutputShape(x.shape) as number[]);
    }

    override getConfig() {
      const { cropping, dataFormat } = this;
      return { ...super.getConfig(), cropping: writtenBorders(cropping), dataFormat };
    }
  };
}

/** Cropping1D: a sequence without its ends. */
export const createCropping1D: KerasLayerFactory<CroppingArgs> = kerasLayer((tf) =>
  defineCropping(tf, 1)
);

/** Cropping3D: a volume without its borders. */
export const createCropping3D: KerasLayerFactory<CroppingArgs> = kerasLayer((tf) =>
  defineCropping(tf, 3)
);

/** Arguments of a ZeroPadding1D and a ZeroPadding3D. */
export interface ZeroPaddingArgs extends LayerArgs {
  /** Number of zeros added at both ends of each axis. Default: 1. */
  padding?: Borders;
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Defines zeros around `axes` spatial axes. TensorFlow.js only has ZeroPadding2D. */
function defineZeroPadding(tf: TensorFlow, axes: 1 | 3): KerasLayer<ZeroPaddingArgs> {
  return class extends tf.layers.Layer {
    static className = `ZeroPadding${axes}D`;
    readonly padding: Border[];
    readonly dataFormat: DataFormat;

    constructor(args: ZeroPaddingArgs = {}) {
      super(args);
      this.padding = bordersOf(args.padding ?? 1, axes, `padding of ${this.name}`);
      this.dataFormat = args.dataFormat ?? "channelsLast";
      this.inputSpec = [{ ndim: axes + 2 }];
    }

    #borders(rank: number): Border[] {
      const borders = Array.from({ length: rank }, (): Border => [0, 0]);
      spaceAxes(rank, this.dataFormat).forEach((axis, i) => borders[axis] = this.padding[i]);
      return borders;
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const shape = oneShape(inputShape);
      const borders = this.#borders(shape.length);
      return shape.map((size, axis) =>
        size === null ? null : size + borders[axis][0] + borders[axis][1]
      );
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = oneTensor(inputs);
      return tf.pad(x, this.#borders(x.rank));
    }

    override getConfig() {
      const { padding, dataFormat } = this;
      return { ...super.getConfig(), padding: writtenBorders(padding), dataFormat };
    }
  };
}

/** ZeroPadding1D: zeros before and after a sequence. */
export const createZeroPadding1D: KerasLayerFactory<ZeroPaddingArgs> = kerasLayer((tf) =>
  defineZeroPadding(tf, 1)
);

/** ZeroPadding3D: zeros around a volume. */
export const createZeroPadding3D: KerasLayerFactory<ZeroPaddingArgs> = kerasLayer((tf) =>
  defineZeroPadding(tf, 3)
);

/** Arguments of an UpSampling1D and an UpSampling3D. */
export interface UpSamplingArgs extends LayerArgs {
  /** Number of repetitions of each entry along each axis. Default: 2. */
  size?: number | number[];
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Defines repetition along `axes` spatial axes. TensorFlow.js only has UpSampling2D. */
function defineUpSampling(tf: TensorFlow, axes: 1 | 3): KerasLayer<UpSamplingArgs> {
  /**
   * Repeats entries along an axis. A product with ones has a gradient for any rank; a tile does
   * not.
   */
  const repeat = (x: Tensor, axis: number, times: number): Tensor => {
    if (times === 1) return x;
    const size = (from: number, to?: number) => x.shape.slice(from, to).reduce((a, b) => a * b, 1);
    const apart = tf.reshape(x, [size(0, axis + 1), 1, size(axis + 1)]);
    const repeated = tf.mul(apart, tf.ones([1, times, 1]));
    return tf.reshape(repeated, x.shape.with(axis, x.shape[axis] * times));
  };
  return class extends tf.layers.Layer {
    static className = `UpSampling${axes}D`;
    readonly size: number[];
    readonly dataFormat: DataFormat;

    constructor({ size = 2, dataFormat = "channelsLast", ...args }: UpSamplingArgs = {}) {
      super(args);
      this.size = typeof size === "number" ? Array(axes).fill(size) : size;
      this.dataFormat = dataFormat;
      this.inputSpec = [{ ndim: axes + 2 }];
      if (this.size.length !== axes || !this.size.every((n) => Number.isInteger(n) && n > 0)) {
        throw new InputError({
          place: `size of ${this.name}`,
          found: showValue(size),
          expected: `a whole number from 1${axes === 1 ? "" : `, or ${axes} of them`}`,
        });
      }
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const shape = [...oneShape(inputShape)];
      spaceAxes(shape.length, this.dataFormat).forEach((axis, i) => {
        const size = shape[axis];
        if (size !== null) shape[axis] = size * this.size[i];
      });
      return shape;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = oneTensor(inputs);
      return tf.tidy(() =>
        spaceAxes(x.rank, this.dataFormat).reduce<Tensor>(
          (y, axis, i) => repeat(y, axis, this.size[i]),
          x,
        )
      );
    }

    override getConfig() {
      const { size, dataFormat } = this;
      return { ...super.getConfig(), size: axes === 1 ? size[0] : size, dataFormat };
    }
  };
}

/** UpSampling1D: repeats each step of a sequence. */
export const createUpSampling1D: KerasLayerFactory<UpSamplingArgs> = kerasLayer((tf) =>
  defineUpSampling(tf, 1)
);

/** UpSampling3D: repeats each position of a volume along each axis. */
export const createUpSampling3D: KerasLayerFactory<UpSamplingArgs> = kerasLayer((tf) =>
  defineUpSampling(tf, 3)
);

/** Number of entries cut off or added at the start and the end of an axis. */
type Border = [start: number, end: number];

/** Borders as Keras accepts them: one number for all, one per axis, or one pair per axis. */
export type Borders = number | readonly (number | readonly [number, number])[];

/** Returns one entry per axis: a pair, or a number for both ends. */
function entriesOf(value: Borders, axes: number): readonly (number | readonly unknown[])[] {
  if (typeof value === "number") return Array(axes).fill(value);
  return axes === 1 ? [value] : value;
}

/**
 * Returns one pair per axis.
 *
 * @param axes Number of axes; with one, `[1, 2]` is its pair.
 * @throws {InputError} If they are not borders.
 */
function bordersOf(value: Borders, axes: number, place: string): Border[] {
  const pairs = entriesOf(value, axes).map((one) => typeof one === "number" ? [one, one] : one);
  const isSound = pairs.length === axes && pairs.every((pair) =>
    pair.length === 2 &&
    pair.every((size: unknown) => Number.isInteger(size) && (size as number) >= 0)
  );
  if (isSound) return pairs as Border[];
  throw new InputError({
    place,
    found: showValue(value),
    expected: `a whole number from 0, or ${
      axes === 1 ? "two of them" : `one or two of them for each of the ${axes} axes`
    }`,
  });
}

/** Returns the borders for a configuration: a single pair for one axis, else one pair per axis. */
function writtenBorders(borders: readonly Border[]): Border | Border[] {
  return borders.length === 1 ? borders[0] : [...borders];
}

/** Position of the channels of a sequence, picture or volume. */
export type DataFormat = "channelsFirst" | "channelsLast";

/**
 * Returns the spatial axes of a tensor: all except the examples and the channels.
 *
 * @param rank Number of axes of the tensor.
 */
export function spaceAxes(rank: number, dataFormat: DataFormat): number[] {
  const start = dataFormat === "channelsFirst" ? 2 : 1;
  return Array.from({ length: rank - 2 }, (_, i) => start + i);
}

/** Arguments of a SpatialDropout2D and a SpatialDropout3D. */
export interface SpatialDropoutArgs
  extends Omit<Parameters<TensorFlow["layers"]["dropout"]>[0], "noiseShape"> {
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Defines dropout of whole channels. TensorFlow.js only has SpatialDropout1D. */
function defineSpatialDropout(tf: TensorFlow, axes: 2 | 3): KerasLayer<SpatialDropoutArgs> {
  const Dropout = stockClass<unknown, [SpatialDropoutArgs]>(tf, "Dropout");
  return class extends Dropout {
    static className = `SpatialDropout${axes}D`;
    readonly dataFormat: DataFormat;

    constructor(args: SpatialDropoutArgs) {
      super(args);
      this.dataFormat = args.dataFormat ?? "channelsLast";
      this.inputSpec = [{ ndim: axes + 2 }];
    }

    /** Called by `Dropout`: size 1 for an axis whose entries are dropped together. */
    getNoiseShape({ shape }: Tensor): number[] {
      const space = spaceAxes(shape.length, this.dataFormat);
      return shape.map((size, axis) => space.includes(axis) ? 1 : size);
    }

    override getConfig() {
      return { ...super.getConfig(), dataFormat: this.dataFormat };
    }
  };
}

/** SpatialDropout2D: drops whole maps of a picture. */
export const createSpatialDropout2D: KerasLayerFactory<SpatialDropoutArgs> = kerasLayer((tf) =>
  defineSpatialDropout(tf, 2)
);

/** SpatialDropout3D: drops whole maps of a volume. */
export const createSpatialDropout3D: KerasLayerFactory<SpatialDropoutArgs> = kerasLayer((tf) =>
  defineSpatialDropout(tf, 3)
);
