import { serveTasks } from "../../../src/files/user_code/serve_tasks.ts";
import { strayErrors } from "../../../src/files/user_code/stray_errors.ts";

interface Data {
  fails: number;
  dies: number;
  late: number;
  opens?: false;
}

/** Squares numbers, but does something else at those that its data name. */
await serveTasks<Data, number, string>((data) => {
  if (data.opens === false) return Promise.reject(new Error("no network"));
  return Promise.resolve({
    identity: typeof self,
    answer: async (index) => {
      if (index === data.fails) throw new Error("not this one");
      if (index === data.dies) Deno.exit(0);
      if (index === data.late) {
        await strayErrors.guard("net.ts", () => {
          setTimeout(() => setTimeout(() => Promise.reject(new Error("late")), 5), 5);
          return Promise.resolve();
        });
      }
      return index ** 2;
    },
  });
});
