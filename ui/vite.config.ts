import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The build lands beside the server's code and goes into the wheel; it is never committed.
export default defineConfig({
  plugins: [react()],
  build: { outDir: "../src/runafter/server/static", emptyOutDir: true, chunkSizeWarningLimit: 900, license: { fileName: "licences.md" } },
  server: { proxy: { "/api": "http://127.0.0.1:7071", "/openapi.json": "http://127.0.0.1:7071" } },
});
