"""The same workflow as workflow/Snakefile, from the project's own folder."""


include: "workflow/Snakefile"


# What an included file says of a default target does not count.
rule default:
    default_target: True
    input:
        rules.all.input,
    localrule: True
