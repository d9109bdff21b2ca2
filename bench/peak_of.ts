import { pathToFileURL } from "node:url";
import { compileAssembly } from "../tools/build_native.ts";

const CHAINS = 12, ROUNDS = 200_000;

/** Twelve chains of multiply-adds, enough to hide their latency, on nothing but registers. */
const SOURCE = `
export function peak(rounds: i32, x: f32): f32 {
  const a = f32x4.splat(x), b = f32x4.splat(x * 0.5);
${Array.from({ length: CHAINS }, (_, i) => `  let s${i} = f32x4.splat(x + ${i});`).join("\n")}
  for (let i = 0; i < rounds; i++) {
${
  Array.from({ length: CHAINS }, (_, i) => `    s${i} = f32x4.relaxed_madd(a, b, s${i});`).join(
    "\n",
  )
}
  }
  let s = s0;
${Array.from({ length: CHAINS }, (_, i) => `  s = f32x4.add(s, s${i});`).join("\n")}
  return f32x4.extract_lane(s, 0);
}`;

/** A loop of nothing but relaxed multiply-adds, and how many operations a run of it is. */
export async function peakOf(): Promise<{ operations: number; run: () => void }> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/peak.ts`, SOURCE);
  const options = ["-O3", "--runtime", "stub", "--enable", "simd", "--enable", "relaxed-simd"];
  const binary = await compileAssembly(pathToFileURL(`${folder}/`), ["peak.ts", ...options]);
  await Deno.remove(folder, { recursive: true });
  const { instance } = await WebAssembly.instantiate(binary, {
    env: { abort() {} },
  });
  const { peak } = instance.exports as { peak(rounds: number, x: number): number };
  return { operations: ROUNDS * CHAINS * 4 * 2, run: () => void peak(ROUNDS, 0.1) };
}
