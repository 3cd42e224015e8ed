import { Component, type ComponentChildren } from 'preact';

interface PanelBoundaryProps {
  /** With another one it is tried anew. */
  readonly of: unknown;
  readonly failed: (error: unknown) => ComponentChildren;
  readonly children: ComponentChildren;
}

interface PanelBoundaryState {
  readonly thrown?: { readonly error: unknown; readonly of: unknown };
}

/** What is thrown while a panel is drawn costs that panel, and no other. */
export class PanelBoundary extends Component<PanelBoundaryProps, PanelBoundaryState> {
  override componentDidCatch(error: unknown): void {
    this.setState({ thrown: { error, of: this.props.of } });
  }

  render() {
    const { of, failed, children } = this.props;
    const { thrown } = this.state;
    return thrown && thrown.of === of ? failed(thrown.error) : children;
  }
}
