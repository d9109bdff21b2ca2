import { assertEquals } from "@std/assert";
import { chooseThreads, WORKLOAD_WORTH_THREADS } from "../../src/engine/start/choose_threads.ts";

Deno.test("chooseThreads() takes every core from the line on, and one below it", () => {
  assertEquals(chooseThreads(0, 4), 1);
  assertEquals(chooseThreads(WORKLOAD_WORTH_THREADS * 0.999, 4), 1);
  assertEquals(chooseThreads(WORKLOAD_WORTH_THREADS, 4), 4);
  assertEquals(chooseThreads(Infinity, 4), 4);
});

Deno.test("chooseThreads() stays within the pool, and on one core at one thread", () => {
  assertEquals(chooseThreads(Infinity, 64), 8);
  assertEquals(chooseThreads(Infinity, 1), 1);
});

Deno.test("chooseThreads() asks the machine for its cores", () => {
  assertEquals(chooseThreads(Infinity), Math.min(8, navigator.hardwareConcurrency));
});
