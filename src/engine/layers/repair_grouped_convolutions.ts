import type { Tensor4D } from "@tensorflow/tfjs";
import { showValue } from "../../words/show_value.ts";
import type { Layer, Tensor } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";
import { storeSettings } from "./stored_settings.ts";

type Shape = (number | null)[];

interface GroupedLayer {
  name: string;
  groups?: number;
  rank: 1 | 2;
  filters: number;
  kernel: LayerWeight;
  bias: LayerWeight | null;
  strides: [number, number];
  padding: "valid" | "same";
  dilationRate: [number, number];
  dataFormat: "channelsFirst" | "channelsLast";
  activation: LayerActivation;
  addWeight: Layer["addWeight"];
}

const LINEAR = { apply: (x: Tensor) => x, getClassName: () => "linear" };

/**
 * Repairs grouped Conv1D and Conv2D, used by ResNeXt and ConvNeXt. TensorFlow.js ignores `groups`.
 * Here a configuration with it makes a layer whose kernel sees its share of the channels,
 * `[...window, channels / groups, filters]`, and whose outputs are ordered by group. With a group
 * per channel it is a depthwise convolution; otherwise one convolution per group.
 */
export const repairGroupedConvolutions: LayerRepair = ({ tf, patch }) => {
  storeSettings({ tf, patch }, ["Conv1D", "Conv2D"], { groups: 1 });

  function requireGroups({ name, groups, filters }: GroupedLayer, channels: number): number {
    if (Number.isInteger(groups) && channels % groups! === 0 && filters % groups! === 0) {
      return groups!;
    }
    throw new RangeError(
      `groups of ${name} is ${
        showValue(groups)
      }, expected a divisor of its ${channels} channels and of its ` +
        `${filters} filters`,
    );
  }

  /**
   * Convolves every channel separately: the kernel of a depthwise convolution has the same entries
   * in the same order.
   */
  function convolveChannels(layer: GroupedLayer, x: Tensor): Tensor {
    const kernel = layer.kernel.read();
    const channels = x.shape[3]!;
    const [rows, columns] = kernel.shape;
    return tf.depthwiseConv2d(
      x as Tensor4D,
      tf.reshape(kernel, [rows, columns, channels, layer.filters / channels]) as Tensor4D,
      layer.strides,
      layer.padding,
      "NHWC",
      layer.dilationRate,
    );
  }

  for (const className of ["Conv1D", "Conv2D"]) {
    patch(
      className,
      "build",
      (original) =>
        function (this: GroupedLayer, inputShape: Shape | Shape[]) {
          if (this.groups === undefined) return original.call(this, inputShape);
          const { addWeight } = this;
          this.addWeight = (name, shape, ...rest) => {
            const own = [...shape];
            if (name === "kernel") {
              own[this.rank] = shape[this.rank]! / requireGroups(this, shape[this.rank]!);
            }
            return addWeight.call(this, name, own, ...rest);
          };
          try {
            return original.call(this, inputShape);
          } finally {
            // Restores the method of the class.
            delete (this as Partial<GroupedLayer>).addWeight;
          }
        },
    );
    patch(
      className,
      "call",
      (original) =>
        function (this: GroupedLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
          const { groups, bias } = this;
          if (groups === undefined) {
            return original.call(this, inputs, kwargs);
          }
          return tf.tidy(() => {
            const x = oneTensor(inputs);
            const first = this.dataFormat === "channelsFirst";
            const axis = first ? 1 : x.rank - 1;
            let y: Tensor;
            if (this.rank === 2 && !first && groups === x.shape[axis]) {
              y = convolveChannels(this, x);
            } else {
              const kernels = tf.split(this.kernel.read(), groups, -1);
              const parts = tf.split(x, groups, axis).map((part, i) => {
                const kernel = {
                  read: () => kernels[i],
                };
                const own = { kernel, bias: null, activation: LINEAR, groups: undefined };
                return original.call(Object.assign(Object.create(this), own), part, kwargs);
              });
              y = tf.concat(parts as Tensor[], axis);
            }
            if (bias !== null) {
              const along = y.shape.map((_, k) => k === axis ? this.filters : 1);
              y = tf.add(y, tf.reshape(bias.read(), along));
            }
            return this.activation.apply(y);
          });
        },
    );
  }
};
