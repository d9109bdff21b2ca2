import { oneTensor } from "../../engine/repairs/layer_repair.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import { InputError } from "../../words/input_error.ts";
import { showValue } from "../../words/show_value.ts";
import { encodedShape, encodePlaces, type Encoding } from "./preprocessing.ts";
import {
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  oneShape,
  type OpenShape,
} from "./keras_layer.ts";

/** Arguments of a Hashing. */
export interface HashingArgs extends LayerArgs {
  /** Number of bins. */
  numBins: number;
  /** Number that gets bin 0 to itself; the others share the rest. Default: none. */
  maskValue?: number | null;
  /** Output: the number of the bin, or ones at the bins that occur. Default: `int`. */
  outputMode?: "int" | "oneHot" | "multiHot" | "count";
}

/** Constants of FarmHash, which Google published under the MIT licence. */
const K0 = 0xc3a5c85c97cb3127n;
const K2 = 0x9ae16a3b2f90404fn;

const low = (x: bigint) => BigInt.asUintN(64, x);
const mix = (x: bigint) => x ^ x >> 47n;
const rotate = (x: bigint, bits: bigint) => low(x >> bits | x << 64n - bits);

function hash16(u: bigint, v: bigint, factor: bigint): bigint {
  const a = mix(low((u ^ v) * factor));
  return low(mix(low((v ^ a) * factor)) * factor);
}

/**
 * Returns the 64-bit fingerprint that FarmHash gives the decimal digits of a whole number, as
 * TensorFlow hashes it. A safe integer has at most 17 of them.
 */
export function fingerprintOf(whole: number): bigint {
  const bytes = new TextEncoder().encode(String(whole));
  const view = new DataView(bytes.buffer);
  const { length } = bytes;
  const size = BigInt(length);
  if (length > 16) {
    const factor = K2 + size * 2n;
    const word = (at: number) => view.getBigUint64(at, true);
    const a = low(word(0) * 0xb492b66fbe98f273n);
    const b = word(8);
    const c = low(word(length - 8) * factor);
    const d = low(word(length - 16) * K2);
    return hash16(
      low(rotate(low(a + b), 43n) + rotate(c, 30n) + d),
      low(a + rotate(low(b + K2), 18n) + c),
      factor,
    );
  }
  if (length >= 8) {
    const factor = K2 + size * 2n;
    const a = low(view.getBigUint64(0, true) + K2);
    const b = view.getBigUint64(length - 8, true);
    const c = low(low(rotate(b, 37n) * factor) + a);
    const d = low((rotate(a, 25n) + b) * factor);
    return hash16(c, d, factor);
  }
  if (length >= 4) {
    const first = BigInt(view.getUint32(0, true));
    return hash16(size + (first << 3n), BigInt(view.getUint32(length - 4, true)), K2 + size * 2n);
  }
  const y = BigInt(bytes[0]) + (BigInt(bytes[length >> 1]) << 8n);
  const z = size + (BigInt(bytes[length - 1]) << 2n);
  return low(mix(low(y * K2) ^ low(z * K0)) * K2);
}

/**
 * Hashing of whole numbers: the number of the bin of each, as Keras on TensorFlow computes it
 * without a salt. Numbers of bins are float32 here, so that any layer can read them. It passes no
 * gradient on.
 */
export const createHashing: KerasLayerFactory<HashingArgs> = kerasLayer((tf) =>
  class Hashing extends tf.layers.Layer {
    static className = "Hashing";
    readonly numBins: number;
    readonly maskValue: number | null;
    readonly outputMode: Encoding["outputMode"];

    constructor(args: HashingArgs) {
      super(args);
      this.numBins = args.numBins;
      this.maskValue = args.maskValue ?? null;
      this.outputMode = args.outputMode ?? "int";
      if (Number.isInteger(this.numBins) && this.numBins > 0) return;
      throw new InputError({
        place: `numBins of ${this.name}`,
        found: showValue(args.numBins),
        expected: "a whole number above 0",
      });
    }

    get #encoding(): Encoding {
      return { outputMode: this.outputMode, bins: this.numBins };
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      return encodedShape(oneShape(inputShape), this.#encoding);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const given = oneTensor(inputs);
      const place = tf.customGrad((x) => ({
        value: encodePlaces(
          tf,
          // Read off what was given: float32 has no whole numbers above 2^24.
          tf.tensor(Float32Array.from(given.dataSync(), (one) => this.#binOf(one)), given.shape),
          this.#encoding,
        ),
        gradFunc: () => tf.zerosLike(x as Tensor),
      }));
      return tf.tidy(() => place(tf.cast(given, "float32")));
    }

    #binOf(entry: number): number {
      const isMasked = this.maskValue !== null && this.numBins > 1;
      if (isMasked && entry === this.maskValue) return 0;
      const first = isMasked ? 1 : 0;
      const bins = BigInt(this.numBins - first);
      // Keras cuts off what is behind the point. Not a number has no digits.
      const whole = Number.isFinite(entry) ? Math.trunc(entry) + 0 : 0;
      return first + Number(fingerprintOf(whole) % bins);
    }

    override getConfig() {
      const { numBins, maskValue, outputMode } = this;
      return { ...super.getConfig(), numBins, maskValue, outputMode };
    }
  }
);
