"""`python -m stylenet` is `stylenet`."""

from stylenet.cli.app import main

if __name__ == "__main__":
    main()
