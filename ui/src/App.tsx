import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { ApprovalsPage } from "./pages/ApprovalsPage";
import { FlowsPage } from "./pages/FlowsPage";
import { RunsPage } from "./pages/RunsPage";
import { TenantPage } from "./pages/TenantPage";
import { Gate } from "./parts/Gate";
import { Shell } from "./parts/Shell";
import { Empty, Loading } from "./parts/states";

const RunPage = lazy(() => import("./run/RunPage").then((module) => ({ default: module.RunPage })));
const FlowPage = lazy(() => import("./pages/FlowPage").then((module) => ({ default: module.FlowPage })));

/** A name out of an address; one with a broken escape is no name of anything, and is shown as it is. */
function read(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export function App() {
  return (
    <Gate>
      <Shell>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={FlowsPage} />
            <Route path="/flows" component={FlowsPage} />
            <Route path="/flows/:flow">{(params) => <FlowPage key={params.flow} name={read(params.flow)} />}</Route>
            <Route path="/runs" component={RunsPage} />
            <Route path="/runs/:run">{(params) => <RunPage key={params.run} id={read(params.run)} />}</Route>
            <Route path="/approvals" component={ApprovalsPage} />
            <Route path="/tenant" component={TenantPage} />
            <Route>
              <Empty title="There is no such page">
                <a href="/">Back to the flows</a>
              </Empty>
            </Route>
          </Switch>
        </Suspense>
      </Shell>
    </Gate>
  );
}
