"""The paper's tables and figures as pure functions of predictions, features and image quality."""
