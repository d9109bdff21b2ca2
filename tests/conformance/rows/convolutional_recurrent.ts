import {
  convLstmCell,
  ndArray,
  type Unroll,
  unroll,
  type Window,
  windowGeometry,
} from "../reference/mod.ts";
import type { Row, RowLayer } from "../row.ts";
import { describe, make, type Options } from "./make.ts";
import { outputsOf } from "./recurrent.ts";

const FILTERS = 2, BATCH = 2, STEPS = 3, SPACE = [4, 3], CHANNELS = 1;

function row(options: Options): Row {
  const first = options.dataFormat === "channelsFirst";
  const pair = (value: unknown) => (Array.isArray(value) ? value : [value ?? 1, value ?? 1]);
  const window: Window = {
    strides: pair(options.strides) as number[],
    dilations: pair(options.dilationRate) as number[],
    padding: (options.padding ?? "valid") as Window["padding"],
  };
  const kernel = pair(options.kernelSize) as number[];
  const output = SPACE.map((length, axis) =>
    windowGeometry(
      length,
      kernel[axis],
      window.strides[axis],
      window.dilations![axis],
      window.padding,
    ).output
  );
  const state = first ? [BATCH, FILTERS, ...output] : [BATCH, ...output, FILTERS];
  return {
    subject: "convLstm2d",
    options: describe(options),
    inputs: [{
      shape: first ? [BATCH, STEPS, CHANNELS, ...SPACE] : [BATCH, STEPS, ...SPACE, CHANNELS],
    }],
    create: make("convLstm2d", { filters: FILTERS, ...options }),
    reference([x], weights) {
      const cell = convLstmCell(
        weights,
        (options.activation ?? "tanh") as string,
        (options.recurrentActivation ?? "hardSigmoid") as string,
        window,
        first,
      );
      return outputsOf(
        options,
        unroll(x, cell, [ndArray(state), ndArray(state)], options as Unroll),
      );
    },
  };
}

/** Step of the cell alone: three inputs, three outputs. */
function cellRow(options: Options): Row {
  const window: Window = { strides: [1, 1], padding: options.padding as Window["padding"] };
  return {
    subject: "convLstm2dCell",
    options: `one step, ${describe(options)}`,
    inputs: [
      { shape: [BATCH, ...SPACE, CHANNELS] },
      { shape: [BATCH, ...SPACE, FILTERS] },
      { shape: [BATCH, ...SPACE, FILTERS] },
    ],
    create(tf) {
      const cell = make("convLstm2dCell", { filters: FILTERS, ...options })(tf) as RowLayer & {
        build(shape: number[]): void;
      };
      cell.build([BATCH, ...SPACE, CHANNELS]);
      return cell;
    },
    call(_tf, layer, inputs) {
      const cell = layer as RowLayer & { call(inputs: unknown, kwargs: Options): never };
      return cell.call(inputs, {});
    },
    reference([x, h, c], weights) {
      const step = convLstmCell(weights, "tanh", "hardSigmoid", window)(x, [h, c]);
      return [step.output, ...step.states];
    },
  };
}

/** The recurrent layers whose products are convolutions. */
export const CONVOLUTIONAL_RECURRENT: Row[] = [
  row({ kernelSize: 2 }),
  row({ kernelSize: [2, 3], padding: "same", returnSequences: true }),
  row({ kernelSize: 2, strides: 2, padding: "same" }),
  row({ kernelSize: 2, useBias: false, goBackwards: true }),
  row({ kernelSize: 2, returnState: true, recurrentActivation: "sigmoid", activation: "relu" }),
  row({ kernelSize: 2, dilationRate: 2 }),
  row({ kernelSize: 2, dataFormat: "channelsFirst" }),
  row({ kernelSize: 2, dataFormat: "channelsFirst", padding: "same", returnSequences: true }),
  cellRow({ kernelSize: 3, padding: "same" }),
  cellRow({ kernelSize: 2, padding: "same", useBias: false }),
];
