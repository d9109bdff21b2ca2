import { UPDATE_RULES } from "./update_rules.ts";
import type { Optimizer, Tensor, TensorFlow } from "../tensorflow.ts";
import {
  defaultSettings,
  isOptimizerName,
  type OptimizerName,
  OPTIMIZERS,
  type OptimizerSettings,
  readSettings,
  stockSettings,
} from "../../ground/traits/optimizers.ts";
import { type RateSchedule, rateSchedule } from "../../ground/traits/rate_schedules.ts";
import { kerasLayer } from "../keras_layer.ts";
import type * as tfjs from "@tensorflow/tfjs";

/**
 * Configuration of a {@linkcode KerasOptimizer}, with the settings of the optimizer as further
 * keys.
 */
interface KerasOptimizerConfig extends Record<string, unknown> {
  /** Name in `OPTIMIZERS`, or of another class, which is replaced by a substitute. */
  optimizer: string;
  /** Learning rate, or the peak of its schedule; `null` if the schedule is not known. */
  learningRate: number | null;
  /** Schedule of the rate, as Keras serialises it. */
  schedule?: unknown;
  /** True to begin after the schedule has risen to its peak. */
  skipsWarmUp?: boolean;
}

/** Keras optimizer. */
type KerasOptimizer = Optimizer & {
  learningRate: number | null;
  /**
   * True if the optimizer cannot be reproduced; it then takes the steps of Adam at its default
   * rate.
   */
  readonly isStandIn: boolean;
};

/** Substitute for an unknown optimizer. */
const STAND_IN = "Adam";

/** State of an optimizer, as returned by TensorFlow.js. */
type NamedTensors = Awaited<ReturnType<Optimizer["getWeights"]>>;

type Gradients = { name: string; tensor: Tensor | null }[];

/**
 * Returns the class of Keras optimizers: each updates weights as Keras 3 does, if TensorFlow.js
 * lacks the optimizer or some of its settings. It clips, then decays the weights, then updates; the
 * rate may follow a schedule. With the two settings of PyTorch, it updates as PyTorch does.
 */
export const kerasOptimizer = kerasLayer((tf: TensorFlow) =>
  class KerasOptimizer extends tf.Optimizer {
    static readonly className = "KerasOptimizer";
    learningRate: number | null;
    readonly isStandIn: boolean;
    readonly #class: string;
    readonly #name: OptimizerName;
    readonly #settings: OptimizerSettings;
    readonly #saved: unknown;
    readonly #schedule: RateSchedule | null;
    readonly #skipsWarmUp: boolean;
    /** State by weight name and slot. */
    readonly #slots = new Map<string, Map<string, Tensor>>();

    constructor(config: KerasOptimizerConfig) {
      super();
      this.learningRate = config.learningRate;
      this.#class = config.optimizer;
      this.#saved = config.schedule;
      this.#schedule = rateSchedule(config.schedule);
      const isKnown = isOptimizerName(config.optimizer) && config.learningRate !== null;
      this.isStandIn = !isKnown;
      this.#name = isKnown ? config.optimizer as OptimizerName : STAND_IN;
      this.#settings = isKnown ? readSettings(this.#name, config) : defaultSettings(this.#name);
      this.#skipsWarmUp = config.skipsWarmUp === true;
    }

    override getClassName(): string {
      return this.#class;
    }

    applyGradients(given: Gradients | Record<string, Tensor>): void {
      const gradients = Array.isArray(given)
        ? given
        : Object.entries(given).map(([name, tensor]) => ({ name, tensor }));
      const variables = tf.engine().registeredVariables;
      tf.tidy(() => {
        const rate = this.#rate();
        const used = gradients.filter(({ tensor }) => tensor != null) as {
          name: string;
          tensor: Tensor;
        }[];
        const clipped = this.#clip(used.map(({ tensor }) => tensor));
        used.forEach(({ name }, i) => this.#update(variables[name], clipped[i], rate));
      });
      this.incrementIterations();
    }

    /** Returns the learning rate of the next step. */
    #rate(): number {
      if (this.isStandIn) return OPTIMIZERS[STAND_IN].rate;
      const peak = this.learningRate!;
      if (this.#schedule === null || this.#schedule.peak === 0) return peak;
      const skipped = this.#skipsWarmUp ? this.#schedule.warmUp : 0;
      return peak * this.#schedule.at(this.iterations + skipped) / this.#schedule.peak;
    }

    #clip(gradients: Tensor[]): Tensor[] {
      const { clipnorm, globalClipnorm, clipvalue } = this.#settings as Record<string, number>;
      if (clipnorm > 0) return gradients.map((one) => scaleTo(tf, one, [one], clipnorm));
      if (globalClipnorm > 0) {
        return gradients.map((one) => scaleTo(tf, one, gradients, globalClipnorm));
      }
      if (!(clipvalue > 0)) return gradients;
      return gradients.map((one) => tf.clipByValue(one, -clipvalue, clipvalue));
    }

    #update(variable: tfjs.Variable, gradient: Tensor, rate: number): void {
      const known = this.#slots.get(variable.name) ?? new Map<string, Tensor>();
      this.#slots.set(variable.name, known);
      const { decaysInGradient } = this.#settings;
      const weightDecay = this.#settings.weightDecay as number | null ?? 0;
      const pull = decaysInGradient ? weightDecay : 0;
      const shrinkage = decaysInGradient ? 0 : weightDecay * rate;
      const { weight: value, slots } = UPDATE_RULES[this.#name]({
        tf,
        weight: shrinkage === 0 ? variable : tf.mul(variable, 1 - shrinkage),
        gradient: pull === 0 ? gradient : tf.add(gradient, tf.mul(variable, pull)),
        rate,
        step: this.iterations + 1,
        settings: this.#settings,
        slot: (name, initial = 0, shape = variable.shape) =>
          known.get(name) ?? tf.fill(shape, initial),
      });
      const { useEma, emaMomentum, emaOverwriteFrequency } = this.#settings;
      let averaged = value;
      if (useEma) {
        const share = this.iterations === 0 ? 0 : emaMomentum as number;
        const average = known.get("average") ?? value;
        slots.average = tf.add(tf.mul(average, share), tf.mul(value, 1 - share));
        const every = Number(emaOverwriteFrequency);
        if (every > 0 && (this.iterations + 1) % every === 0) averaged = tf.clone(slots.average);
      }
      for (const [name, tensor] of Object.entries(slots)) {
        known.get(name)?.dispose();
        known.set(name, tf.keep(tensor));
      }
      variable.assign(averaged);
    }

    override dispose(): void {
      for (const slots of this.#slots.values()) tf.dispose([...slots.values()]);
      this.#slots.clear();
    }

    override async getWeights(): Promise<NamedTensors> {
      const slots = [...this.#slots].flatMap(([weight, slots]) =>
        [...slots].map(([slot, tensor]) => ({ name: `${weight}/${slot}`, tensor }))
      );
      return [await this.saveIterations(), ...slots];
    }

    override async setWeights(weights: NamedTensors): Promise<void> {
      this.dispose();
      for (const { name, tensor } of await this.extractIterations(weights)) {
        const end = name.lastIndexOf("/");
        const weight = name.slice(0, end);
        const slots = this.#slots.get(weight) ?? new Map<string, Tensor>();
        slots.set(name.slice(end + 1), tf.keep(tensor.clone()));
        this.#slots.set(weight, slots);
      }
    }

    getConfig() {
      return {
        optimizer: this.#class,
        learningRate: this.learningRate,
        ...this.isStandIn ? {} : stockSettings(this.#name, this.#settings),
        ...this.#saved === undefined ? {} : { schedule: this.#saved },
      } as tfjs.serialization.ConfigDict;
    }

    static override fromConfig<T extends tfjs.serialization.Serializable>(
      own: tfjs.serialization.SerializableConstructor<T>,
      config: tfjs.serialization.ConfigDict,
    ): T {
      return new own(config);
    }
  }
);

/** Scales a gradient so that the norm of all gradients together is at most a limit. */
function scaleTo(tf: TensorFlow, gradient: Tensor, together: Tensor[], limit: number): Tensor {
  const squares = together.map((one) => tf.sum(tf.square(one)));
  const norm = tf.sqrt(tf.addN(squares));
  return tf.mul(gradient, tf.div(limit, tf.maximum(norm, limit)));
}

/** Returns true if the optimizer's class comes from {@linkcode kerasOptimizer}. */
export function isKerasOptimizer(optimizer: Optimizer): optimizer is KerasOptimizer {
  return "isStandIn" in optimizer;
}

/** Returns true if the optimizer is a substitute for one that cannot be reproduced. */
export function isStandIn(optimizer: Optimizer): boolean {
  return isKerasOptimizer(optimizer) && optimizer.isStandIn;
}
