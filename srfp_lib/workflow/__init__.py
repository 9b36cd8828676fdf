"""Jobs, receipts, the workspace, and the engines that run jobs. It knows no study."""
