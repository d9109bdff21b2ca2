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

/** Arguments of a Cropping1D and a Cropping3D. */
export interface CroppingArgs extends LayerArgs {
  /** Number of entries cut off both ends of each axis. Default: 1. */
  cropping?: Borders;
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Defines cropping along `axes` spatial axes. TensorFlow.js only has Cropping2D. */
function define(tf: TensorFlow, axes: 1 | 3): KerasLayer<CroppingArgs> {
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
        throw new RangeError(
          `cropping of ${this.name} takes ${start} and ${end} from an axis of ${size} entries, expected ` +
            `to leave one at least`,
        );
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
export const createCropping1D: KerasLayerFactory<CroppingArgs> = kerasLayer((tf) => define(tf, 1));

/** Cropping3D: a volume without its borders. */
export const createCropping3D: KerasLayerFactory<CroppingArgs> = kerasLayer((tf) => define(tf, 3));
