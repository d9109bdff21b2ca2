import { assertEquals } from "@std/assert";
import { chooseJobs, WORK_WORTH_JOBS } from "../../src/study/jobs.ts";

Deno.test("chooseJobs() starts a worker a core once the work is worth it", () => {
  assertEquals(chooseJobs(WORK_WORTH_JOBS - 1, 4), 0);
  assertEquals(chooseJobs(WORK_WORTH_JOBS, 4), 4);
});

Deno.test("chooseJobs() starts none on a single core", () => {
  assertEquals(chooseJobs(1e9, 1), 0);
});
