"""Policy files to copy from; each names the articles of this project, and is tested with them."""
