import { oneTensor } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { type Border, type Borders, bordersOf, writtenBorders } from "./borders.ts";
import {
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
} from "./keras_layer.ts";
import { oneShape, type OpenShape } from "./one_shape.ts";
import { type DataFormat, spaceAxes } from "./space_axes.ts";

/** Arguments of a ZeroPadding1D and a ZeroPadding3D. */
export interface ZeroPaddingArgs extends LayerArgs {
  /** Number of zeros added at both ends of each axis. Default: 1. */
  padding?: Borders;
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Defines zeros around `axes` spatial axes. TensorFlow.js only has ZeroPadding2D. */
function define(tf: TensorFlow, axes: 1 | 3): KerasLayer<ZeroPaddingArgs> {
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
  define(tf, 1)
);

/** ZeroPadding3D: zeros around a volume. */
export const createZeroPadding3D: KerasLayerFactory<ZeroPaddingArgs> = kerasLayer((tf) =>
  define(tf, 3)
);
