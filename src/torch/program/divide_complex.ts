import { ModelError } from "../../core/model/model_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { FunctionalProgram } from "./functional.ts";
import {
  type Argument,
  baseName,
  type Call,
  namesIn,
  type Program,
  type Result,
  value,
  type ValueMeta,
} from "./program.ts";
import { refusal } from "../../ground/words/input_error.ts";

/** Names of the two parts of a complex value. */
interface Parts {
  re: string;
  im: string;
}

/** Operations that act on each part by itself, whatever their other arguments are. */
const EACH_PART = new Set(
  ("view reshape unsqueeze squeeze select slice permute transpose t expand flatten unflatten movedim " +
    "chunk split split_with_sizes unbind narrow index_select index gather roll flip sum mean neg clone " +
    "detach contiguous constant_pad_nd pad cumsum repeat tril triu zeros_like to _to_copy alias zeros " +
    "resolve_conj resolve_neg lift_fresh_copy expand_as view_as reshape_as fft_fftshift fft_ifftshift")
    .split(" "),
);

/** Operations that add: a real argument has the imaginary part 0. */
const ADDED = new Set(["add", "sub", "cat", "stack", "concat", "concatenate"]);

/** Operations that multiply two arguments. */
const MULTIPLIED = new Set(["mul", "multiply", "matmul", "mm", "bmm", "einsum"]);

/** Operations that write one argument into another; a real one has the imaginary part 0. */
const WRITING = new Set(
  ("copy fill slice_scatter select_scatter diagonal_scatter index_put index_copy index_add index_fill " +
    "scatter scatter_add masked_fill masked_scatter where")
    .split(" "),
);

/** Arguments of these that are numbers of the result, not places in it. */
const WRITTEN = new Set(["self", "other", "src", "source", "value", "values"]);

/** Sums of products with a bias: two complex arguments, and one that is added. */
const WITH_BIAS = /^(?:linear|conv_?(?:transpose)?[123]d)$/;

/** Fourier transforms: `fft_irfft2`; those of half a spectrum are with `h`. */
const FOURIER = /^fft_(i?)(r|h)?fft([2n]?)$/;

/** Norms of transforms in the other direction. */
const TURNED: Readonly<Record<string, string>> = {
  backward: "forward",
  forward: "backward",
  ortho: "ortho",
};

const constant = (own: number | string | boolean | null): Argument => ({
  is: "constant",
  value: own,
});

const isComplex = (meta: ValueMeta | undefined) => meta?.type.startsWith("complex") === true;

/**
 * Replaces complex values by their two parts, so that all tensors are real. Operations that are not
 * known for complex numbers get a name by which they are refused.
 *
 * @param functional The calls, without changes in place.
 * @param program The program, with its inputs and held tensors.
 * @throws {ModelError} If an input is complex.
 */
export function divideComplex(
  functional: FunctionalProgram,
  { inputs, held }: Pick<Program, "inputs" | "held">,
): FunctionalProgram {
  if (![...functional.values.values()].some(isComplex)) return functional;
  for (const { name } of inputs) {
    if (name !== null && isComplex(functional.values.get(name))) {
      throw new ModelError(refusal`The input ${showValue(name)} is complex, expected real numbers`);
    }
  }
  const division = new Division(functional.values);
  for (const name of held.keys()) division.addHeld(name);
  for (const call of functional.calls) division.add(call);
  const { calls, values } = division;
  const outputs = functional.outputs.map((output) => division.realOutput(output));
  const changed = new Map<string, string>();
  for (const [name, last] of functional.changed) {
    const now = division.realOutput({ is: "value", name: last });
    if (now.is === "value") changed.set(name, now.name);
  }
  return { calls, values, outputs, changed };
}

class Division {
  readonly calls: Call[] = [];
  readonly values: Map<string, ValueMeta>;
  readonly #parts = new Map<string, Parts>();
  /** Real values by the names of those that are equal to them. */
  readonly #same = new Map<string, string>();

  constructor(values: ReadonlyMap<string, ValueMeta>) {
    this.values = new Map(values);
  }

  /** Takes the parts of a tensor of the file: it is held with an axis of both at its end. */
  addHeld(name: string): void {
    const meta = this.values.get(name);
    if (!isComplex(meta)) return;
    const parts = this.#newParts(name);
    this.values.set(name, { type: "float32", sizes: [...meta!.sizes, 2] });
    this.#selectParts(parts, value(name), {
      name,
      target: "",
      args: {},
      results: [],
      modules: [],
      source: null,
    });
  }

  realOutput(output: Argument): Argument {
    if (output.is === "list") {
      return { is: "list", items: output.items.map((item) => this.realOutput(item)) };
    }
    if (output.is !== "value") return output;
    return this.#parts.has(output.name) ? constant(null) : this.#real(output);
  }

  add(call: Call): void {
    const results = (call.results as unknown[]).flat(3) as (string | null)[];
    const reads = Object.values(call.args).flatMap(namesIn).filter((name) => this.#parts.has(name));
    const makes = results.some((name) => name !== null && isComplex(this.values.get(name)));
    if (reads.length === 0 && !makes) {
      this.calls.push({ ...call, args: this.#mapped(call.args, (arg) => this.#real(arg)) });
    } else if (!this.#addKnown(call, { makes })) {
      const parts = results.filter((name) => name !== null)
        .filter((name) => isComplex(this.values.get(name)))
        .map((name) => this.#newParts(name));
      this.calls.push({
        ...call,
        target: `${call.target} of complex numbers`,
        args: this.#mapped(call.args, (arg) => this.#real(arg)),
        results: [...results, ...parts.flatMap(({ re, im }) => [re, im])],
      });
    }
  }

  /** Adds the calls for one with complex numbers; returns false if its operation is not known. */
  #addKnown(call: Call, { makes }: { makes: boolean }): boolean {
    const name = baseName(call.target);
    const [result] = call.results;
    if (FOURIER.test(name)) return this.#addFourier(call);
    const reads = Object.values(call.args).flatMap(namesIn);
    // A real tensor that becomes complex has the imaginary part 0.
    const isRaised = reads.length > 0 && !reads.some((one) => this.#parts.has(one));
    if (makes && (ADDED.has(name) || EACH_PART.has(name) && isRaised)) {
      return this.#addEach(call, (arg) => this.#zeroLike(arg, call));
    }
    if (makes && EACH_PART.has(name)) return this.#addEach(call, (arg) => this.#real(arg));
    if (makes && WRITING.has(name)) return this.#addWriting(call);
    if (typeof result !== "string") return false;
    if (WITH_BIAS.test(name)) return this.#addWithBias(call, result);
    if (MULTIPLIED.has(name)) return this.#addProduct(call, result);
    const [first, second] = Object.values(call.args);
    const own = first?.is === "value" ? this.#parts.get(first.name) : undefined;
    if (own === undefined) return makes && this.#addMade(call, result);
    switch (name) {
      case "real":
        return this.#alias(result, own.re);
      case "imag":
        return this.#alias(result, own.im);
      case "to":
      case "_to_copy":
        return this.#alias(result, own.re);
      case "conj":
      case "_conj":
      case "conj_physical":
        this.#push(call, "aten.neg.default", { self: value(own.im) }, `${result}~im`);
        this.#parts.set(result, { re: own.re, im: `${result}~im` });
        return true;
      case "view_as_real": {
        const tensors: Argument = { is: "list", items: [value(own.re), value(own.im)] };
        this.#push(call, "aten.stack.default", { tensors, dim: constant(-1) }, result);
        return true;
      }
      case "abs":
      case "angle":
        this.#push(call, `complex.${name}`, pair(own), result);
        return true;
      case "exp":
      case "log":
      case "sqrt":
      case "reciprocal":
        return this.#pushPair(call, `complex.${name}`, pair(own));
      case "square":
        return this.#pushPair(call, "complex.mul", {
          ...pair(own),
          re2: value(own.re),
          im2: value(own.im),
        });
      case "pow":
        return this.#addPower(call, own, second);
      case "div":
        return this.#addQuotient(call, own, second);
      default:
        return false;
    }
  }

  /** Adds a call that makes complex numbers of real ones. */
  #addMade(call: Call, result: string): boolean {
    const [first, second] = Object.values(call.args).map((arg) => this.#real(arg));
    if (first === undefined) return false;
    switch (baseName(call.target)) {
      case "view_as_complex":
        this.#selectParts(this.#newParts(result), first, call);
        return true;
      case "complex":
        if (first.is !== "value" || second?.is !== "value") return false;
        this.#parts.set(result, { re: first.name, im: second.name });
        return true;
      case "polar":
        return second !== undefined &&
          this.#pushPair(call, "complex.polar", { abs: first, angle: second });
      case "stft": {
        const { self, return_complex: _, align_to_window: aligned, ...rest } = this.#mapped(
          call.args,
          (arg) => this.#real(arg),
        );
        const isAligned = aligned?.is === "constant" && aligned.value === true;
        if (self === undefined || isAligned) return false;
        return this.#pushPair(call, "complex.stft", { re: self, ...rest });
      }
      default:
        return false;
    }
  }

  #addFourier(call: Call): boolean {
    const [, inverse, isReal, many] = FOURIER.exec(baseName(call.target))!;
    const { self, n, s, dim, norm } = call.args;
    if (self?.is !== "value") return false;
    const listed = (arg: Argument | undefined): Argument | undefined =>
      arg === undefined || arg.is === "list" || arg.is === "constant" && arg.value === null
        ? arg
        : { is: "list", items: [arg] };
    const usual = { "": [-1], "2": [-2, -1], "n": null }[many]!;
    const own: Record<string, Argument | undefined> = {
      dim: listed(dim) ??
        (usual === null ? undefined : { is: "list", items: usual.map((axis) => constant(axis)) }),
      size: listed(many === "" ? n : s),
      norm,
    };
    const args = Object.fromEntries(
      Object.entries(own).filter((one): one is [string, Argument] => one[1] !== undefined),
    );
    const parts = this.#parts.get(self.name);
    const turned = constant(TURNED[norm?.is === "constant" ? String(norm.value) : ""] ?? "forward");
    if (isReal === "h" && inverse === "") {
      const given = parts ?? { re: self.name, im: this.#zeroOf(self.name, call) };
      const im = this.#negative(given.im, call);
      const spectrum = { ...pair({ re: given.re, im }), ...args, norm: turned };
      this.#push(call, "complex.irfft", spectrum, String(call.results[0]));
      return true;
    }
    if (isReal === "h") {
      if (parts !== undefined) return false;
      const half = `${call.results[0]}~turned`;
      const { re, im } = this.#newParts(String(call.results[0]));
      const given = { re: this.#real(self), ...args, norm: turned };
      this.calls.push({ ...call, target: "complex.rfft", args: given, results: [re, half] });
      this.#push(call, "aten.neg.default", { self: value(half) }, im);
      return true;
    }
    if (isReal === "r" && inverse === "i") {
      const given = parts ?? { re: self.name, im: this.#zeroOf(self.name, call) };
      this.#push(call, "complex.irfft", { ...pair(given), ...args }, String(call.results[0]));
      return true;
    }
    const real = { re: this.#real(self), ...args };
    if (isReal === "r") return parts === undefined && this.#pushPair(call, "complex.rfft", real);
    const given = parts === undefined ? real : { ...pair(parts), ...args };
    return this.#pushPair(call, "complex.fft", { ...given, inverse: constant(inverse === "i") });
  }

  #addProduct(call: Call, result: string): boolean {
    const reads = Object.values(call.args).flatMap(namesIn);
    const complex = reads.filter((name) => this.#parts.has(name));
    if (complex.length < reads.length || reads.length === 1) {
      return complex.length === 1 && this.#addEach(call, (arg) => this.#real(arg));
    }
    if (reads.length !== 2) return false;
    if (/^mul/.test(baseName(call.target))) {
      const [a, b] = reads.map((name) => this.#parts.get(name)!);
      return this.#pushPair(call, "complex.mul", { ...pair(a), ...second(b) });
    }
    const parts = this.#newParts(result);
    const times = (first: keyof Parts, other: keyof Parts) => {
      let at = 0;
      const args = this.#mapped(
        call.args,
        (arg) => this.#part(arg, () => (at++ === 0 ? first : other)),
      );
      const name = `${result}~${first}~${other}`;
      this.#push(call, call.target, args, name);
      return value(name);
    };
    const join = (target: string, name: string, self: Argument, other: Argument) =>
      this.#push(call, target, { self, other }, name);
    join("aten.sub.Tensor", parts.re, times("re", "re"), times("im", "im"));
    join("aten.add.Tensor", parts.im, times("re", "im"), times("im", "re"));
    return true;
  }

  /** Adds the products of a layer with a bias, and its bias. */
  #addWithBias(call: Call, result: string): boolean {
    const { bias, ...args } = call.args;
    const hasBias = bias?.is === "value";
    const product = hasBias ? `${result}~product` : result;
    const meta = this.values.get(result);
    if (meta !== undefined) this.values.set(product, meta);
    const plain = { ...call, args: { ...args, bias: constant(null) }, results: [product] };
    if (!this.#addProduct(plain, product)) return false;
    if (!hasBias) return true;
    const axes = Number(/([123])d$/.exec(baseName(call.target))?.[1] ?? 0);
    const shape: Argument = {
      is: "list",
      items: [-1, ...new Array<number>(axes).fill(1)].map(constant),
    };
    const beside = (part: Parts): Parts => {
      const named = { re: `${result}~bias~re`, im: `${result}~bias~im` };
      for (const key of ["re", "im"] as const) {
        this.#push(call, "aten.reshape.default", { self: value(part[key]), shape }, named[key]);
        this.values.delete(named[key]);
      }
      return named;
    };
    const own = this.#parts.get(bias.name);
    if (own === undefined) return false;
    const added = beside(own), parts = this.#newParts(result), sum = this.#parts.get(product)!;
    for (const key of ["re", "im"] as const) {
      const terms = { self: value(sum[key]), other: value(added[key]) };
      this.#push(call, "aten.add.Tensor", terms, parts[key]);
    }
    return true;
  }

  #addQuotient(call: Call, own: Parts, divisor: Argument | undefined): boolean {
    const other = divisor?.is === "value" ? this.#parts.get(divisor.name) : undefined;
    if (other === undefined) return this.#addEach(call, (arg) => this.#real(arg));
    return this.#pushPair(call, "complex.div", { ...pair(own), ...second(other) });
  }

  #addPower(call: Call, own: Parts, exponent: Argument | undefined): boolean {
    const power = exponent?.is === "constant" ? Number(exponent.value) : NaN;
    if (!Number.isInteger(power) || power < 1 || power > 16) return false;
    return this.#pushPair(call, "complex.pow", { ...pair(own), exponent: exponent! });
  }

  /** Adds a call for each part; `imaginary` returns the real arguments of the second. */
  #addEach(call: Call, imaginary: (arg: Argument) => Argument): boolean {
    for (const part of ["re", "im"] as const) {
      const real = (arg: Argument) => part === "re" ? this.#real(arg) : imaginary(arg);
      const args = this.#mapped(call.args, (arg) => this.#part(arg, () => part, real));
      // A number that is added is real.
      const isAdded = part === "im" && ADDED.has(baseName(call.target));
      if (isAdded && args.other?.is === "constant") args.other = constant(0);
      const results = call.results.map((one) => this.#partNames(one, part));
      this.calls.push({ ...call, args, results });
    }
    return true;
  }

  /** Adds a call for each part of what is written. */
  #addWriting(call: Call): boolean {
    for (const part of ["re", "im"] as const) {
      const args = Object.fromEntries(
        Object.entries(call.args).map(([name, arg]) => {
          if (part === "re" || !WRITTEN.has(name)) return [name, this.#part(arg, () => part)];
          // A number is real.
          if (arg.is === "constant") return [name, constant(0)];
          return [name, this.#part(arg, () => part, (own) => this.#zeroLike(own, call))];
        }),
      );
      const results = call.results.map((one) => this.#partNames(one, part));
      this.calls.push({ ...call, args, results });
    }
    return true;
  }

  #partNames(result: Result, part: keyof Parts): Result {
    if (result === null) return null;
    if (typeof result !== "string") return result.map((one) => this.#partNames(one, part));
    return (this.#parts.get(result) ?? this.#newParts(result))[part];
  }

  #newParts(name: string): Parts {
    const parts = { re: `${name}~re`, im: `${name}~im` };
    this.#parts.set(name, parts);
    const sizes = this.values.get(name)?.sizes ?? [];
    for (const own of [parts.re, parts.im]) this.values.set(own, { type: "float32", sizes });
    return parts;
  }

  #selectParts({ re, im }: Parts, self: Argument, call: Call): void {
    for (const [index, name] of [re, im].entries()) {
      const args = { self, dim: constant(-1), index: constant(index) };
      this.calls.push({ ...call, target: "aten.select.int", args, results: [name] });
    }
  }

  #push(call: Call, target: string, args: Call["args"], result: string): void {
    if (!this.values.has(result)) {
      const own = this.values.get(String(call.results[0]));
      if (own !== undefined) this.values.set(result, { ...own, type: "float32" });
    }
    this.calls.push({ ...call, target, args, results: [result] });
  }

  #pushPair(call: Call, target: string, args: Call["args"]): boolean {
    const { re, im } = this.#newParts(String(call.results[0]));
    this.calls.push({ ...call, target, args, results: [re, im] });
    return true;
  }

  #alias(name: string, of: string): boolean {
    this.#same.set(name, of);
    return true;
  }

  #mapped(args: Call["args"], map: (arg: Argument) => Argument): Record<string, Argument> {
    return Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, map(arg)]));
  }

  /** Returns an argument without complex numbers, by its present names. */
  #real(arg: Argument): Argument {
    return this.#part(arg, () => "re");
  }

  /** Returns an argument with a part of each complex value; `real` returns the others. */
  #part(
    arg: Argument,
    part: () => keyof Parts,
    real: (arg: Argument) => Argument = (own) => own,
  ): Argument {
    if (arg.is === "list") {
      return { is: "list", items: arg.items.map((item) => this.#part(item, part, real)) };
    }
    if (arg.is === "constant" && /^complex/.test(String(arg.value))) {
      return { is: "constant", value: "float32" };
    }
    if (arg.is !== "value") return arg;
    const parts = this.#parts.get(arg.name);
    if (parts !== undefined) return value(parts[part()]);
    return real(value(this.#same.get(arg.name) ?? arg.name));
  }

  /** Returns the imaginary part of a real value. */
  #zeroLike(arg: Argument, call: Call): Argument {
    return arg.is === "value" ? value(this.#zeroOf(arg.name, call)) : arg;
  }

  #negative(name: string, call: Call): string {
    const own = `${name}~negative~${this.calls.length}`;
    const meta = this.values.get(name);
    if (meta !== undefined) this.values.set(own, meta);
    this.#push(call, "aten.neg.default", { self: value(name) }, own);
    return own;
  }

  #zeroOf(name: string, call: Call): string {
    const own = `${name}~zero~${this.calls.length}`;
    const meta = this.values.get(name);
    if (meta !== undefined) this.values.set(own, meta);
    this.#push(call, "aten.zeros_like.default", { self: value(name) }, own);
    return own;
  }
}

const pair = ({ re, im }: Parts) => ({ re: value(re), im: value(im) });
const second = ({ re, im }: Parts) => ({ re2: value(re), im2: value(im) });
